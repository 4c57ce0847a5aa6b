"""Add-ons extend the same models: no two of them give one name to different things."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def methods():
    """{(model, method): [(add-on, file and line, docstring, whether it calls the one below it)]}"""
    found = defaultdict(list)
    for path in ROOT.glob("oms_*/**/*.py"):
        addon, *folders = path.relative_to(ROOT).parts
        if "tests" in folders:
            continue
        for node in ast.parse(path.read_text()).body:
            model = isinstance(node, ast.ClassDef) and model_of(node)
            for method in node.body if model else ():
                if isinstance(method, ast.FunctionDef):
                    calls = any(isinstance(part, ast.Name) and part.id == "super" for part in ast.walk(method))
                    where = f"{path.relative_to(ROOT)}:{method.lineno}"
                    found[model, method.name].append((addon, where, ast.get_docstring(method) or "", calls))
    return found


def model_of(node):
    """The model that a class makes or extends; of several that it inherits, its own name counts."""
    given = {}
    for part in node.body:
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant):
            given[getattr(part.targets[0], "id", "")] = part.value.value
    return given.get("_name") or given.get("_inherit")


def shared():
    """{model and method: those that do not call the one below it, where several add-ons have such a one}"""
    found = {}
    for (model, name), defined in sorted(methods().items()):
        alone = [one for one in defined if not one[3]]
        if len({addon for addon, *_rest in alone}) > 1:
            found[f"{model}.{name}"] = alone
    return found


SHARED = shared()


@pytest.mark.parametrize("alone", SHARED.values(), ids=SHARED)
def test_whatever_takes_the_place_of_another_add_ons_method_says_so(alone):
    """All but one, which is below the others, begin with “Override”: they know that there is another one."""
    unaware = [where for _addon, where, text, _calls in alone if not text.startswith("Override")]
    assert len(unaware) == 1, f"one name for different things, or a missing word in the docstring: {unaware}"


def test_the_search_finds_what_it_looks_for():
    assert len(SHARED) > 10
