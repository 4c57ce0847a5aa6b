"""Answers GraphQL queries from plain data: what is asked is read by a real parser, and nothing else is answered.

Objects are mappings; a value may be a function of the field's arguments. A list under ``nodes`` is a connection: it is paged
by ``first`` and ``after``, and any other list with ``first`` is cut. A field that an object does not have is an error, as it
would be there.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    value_from_ast_untyped,
)

CONNECTION_MAX = 250
MUTATION_COST = 10


@lru_cache(500)
def _parsed(text: str) -> DocumentNode:
    return parse(text)


class Fault(Exception):
    """An error of a whole query.

    :param code: ``extensions.code``.
    """

    def __init__(self, message: str, code: str = ""):
        super().__init__(message)
        self.code = code


class Query:
    """One parsed query with its variables.

    :ivar kind: ``query`` or ``mutation``.
    """

    def __init__(self, text: str, variables: Mapping[str, Any]):
        try:
            document = _parsed(text)
        except GraphQLError as error:
            raise Fault(error.message, "PARSE_FAILED") from None
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        [self.operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self.kind = self.operation.operation.value
        declared = {node.variable.name.value for node in self.operation.variable_definitions or ()}
        if set(variables) - declared:
            raise Fault(f"Variables {sorted(set(variables) - declared)} are not declared.", "INVALID_VARIABLE")
        self.variables = {name: variables.get(name) for name in declared}
        self.objects = 0

    # ---- Reading ----

    def arguments(self, field: FieldNode) -> dict[str, Any]:
        return {node.name.value: value_from_ast_untyped(node.value, self.variables) for node in field.arguments or ()}

    def directive(self, field: FieldNode, name: str) -> dict[str, Any] | None:
        """The arguments of a directive on a field; ``None`` if it is not there."""
        for node in field.directives or ():
            if node.name.value == name:
                return {
                    one.name.value: value_from_ast_untyped(one.value, self.variables) for one in node.arguments or ()
                }
        return None

    def fields(self, selections: SelectionSetNode | None, typename: str = "") -> Iterator[FieldNode]:
        """The fields selected of an object, with those of fragments."""
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from self.fields(self.fragments[node.name.value].selection_set, typename)
            elif isinstance(node, InlineFragmentNode):
                wanted = node.type_condition.name.value if node.type_condition else ""
                if not typename or not wanted or wanted == typename:
                    yield from self.fields(node.selection_set, typename)

    # ---- Cost ----

    def cost(self) -> int:
        """What the query may cost at most: a point for an object, and for what is nested as often as it may occur."""
        cost = sum(self._cost(field) for field in self.fields(self.operation.selection_set))
        return cost + (MUTATION_COST if self.kind == "mutation" else 0)

    def _cost(self, field: FieldNode) -> int:
        if not field.selection_set:
            return 0
        first = self.arguments(field).get("first")
        below = list(self.fields(field.selection_set))
        if first is None:
            return 1 + sum(map(self._cost, below))
        of_one = next(
            (1 + sum(map(self._cost, self.fields(one.selection_set))) for one in below if one.name.value == "nodes"), 0
        )
        return 2 + first * (of_one or 1 + sum(map(self._cost, below)))

    # ---- Answering ----

    def answer(self, root: Mapping[str, Any]) -> dict[str, Any]:
        return self._object(self.operation.selection_set, root)

    def _object(self, selections: SelectionSetNode | None, source: Mapping[str, Any]) -> dict[str, Any]:
        self.objects += 1
        answer = {}
        for field in self.fields(selections, str(source.get("__typename", ""))):
            name = field.name.value
            if name not in source:
                raise Fault(f"Field '{name}' doesn't exist here.", "undefinedField")
            arguments, value = self.arguments(field), source[name]
            if isinstance(value, Callable):
                value = value(**arguments, **({"_query": self, "_field": field} if self.kind == "mutation" else {}))
            answer[field.alias.value if field.alias else name] = self._complete(field, arguments, value)
        return answer

    def _complete(self, field: FieldNode, arguments: Mapping[str, Any], value: Any) -> Any:
        if isinstance(value, Mapping) and "first" in arguments and "nodes" in value and "pageInfo" not in value:
            value = page(value["nodes"], arguments["first"], arguments.get("after"))
        elif isinstance(value, list) and isinstance(arguments.get("first"), int):
            value = value[: arguments["first"]]
        if isinstance(value, list):
            return [self._complete(field, {}, one) for one in value]
        return self._object(field.selection_set, value) if isinstance(value, Mapping) and field.selection_set else value


def page(rows: list[Any], first: int, after: str | None) -> dict[str, Any]:
    """A page of a connection whose cursors are places in it."""
    if not 0 < first <= CONNECTION_MAX:
        raise Fault(f"first must be between 1 and {CONNECTION_MAX}.", "BAD_REQUEST")
    start = int(base64.b64decode(after)) if after else 0
    stop = start + first
    return connection(rows[start:stop], base64.b64encode(str(stop).encode()).decode(), stop < len(rows))


def connection(rows: list[Any], cursor: str, more: bool) -> dict[str, Any]:
    return {"nodes": rows, "pageInfo": {"hasNextPage": more, "endCursor": cursor if rows else None}}
