"""What is asked of the Admin API, as GraphQL. Valid for every version from 2026-01 to 2026-10.

``MONEY`` stands for the side of each amount that a channel keeps (``shopMoney`` or ``presentmentMoney``). How many of what is
nested come at once is told by variables; whoever asks reads the rest.
"""

from __future__ import annotations

MONEY_FRAGMENT = """
fragment money on MoneyBag { MONEY { amount currencyCode } }
"""

TAX_FRAGMENT = """
fragment tax on TaxLine { title rate ratePercentage channelLiable source priceSet { ...money } }
"""

ADDRESS_FRAGMENT = """
fragment address on MailingAddress {
  name firstName lastName company address1 address2 city zip provinceCode countryCodeV2 phone
}
"""

LINE_FRAGMENT = """
fragment line on LineItem {
  id name title variantTitle sku quantity currentQuantity requiresShipping isGiftCard
  variant { id }
  product { id }
  customAttributes { key value }
  originalTotalSet { ...money }
  discountAllocations { allocatedAmountSet { ...money } }
  taxLines { ...tax }
  duties { id price { ...money } taxLines { ...tax } }
}
"""

TRANSACTION_FRAGMENT = """
fragment transaction on OrderTransaction {
  id kind status gateway formattedGateway paymentId processedAt createdAt test
  amountSet { ...money }
  amountRoundingSet { ...money }
  parentTransaction { id }
  authorizationExpiresAt multiCapturable
}
"""

ORDER_FRAGMENT = """
fragment order on Order {
  id legacyResourceId name test confirmed edited createdAt processedAt updatedAt cancelledAt cancelReason
  displayFinancialStatus displayFulfillmentStatus returnStatus currencyCode presentmentCurrencyCode
  taxesIncluded dutiesIncluded note email phone poNumber sourceName paymentGatewayNames
  customAttributes { key value }
  customer { id }
  paymentTerms { dueInDays }
  billingAddress { ...address }
  shippingAddress { ...address }
  totalPriceSet { ...money }
  originalTotalPriceSet { ...money }
  currentTotalPriceSet { ...money }
  totalTipReceivedSet { ...money }
  totalCashRoundingAdjustment { paymentSet { ...money } }
  additionalFees { id name price { ...money } taxLines { ...tax } }
  risk { recommendation assessments { riskLevel facts { description sentiment } } }
  lineItems(first: $lines) { nodes { ...line } pageInfo { hasNextPage endCursor } }
  shippingLines(first: $shippings) {
    nodes {
      id title code source isRemoved
      originalPriceSet { ...money }
      discountAllocations { allocatedAmountSet { ...money } }
      taxLines { ...tax }
    }
    pageInfo { hasNextPage endCursor }
  }
  transactions(first: $listed) { ...transaction }
  refunds(first: $listed) { id }
  fulfillmentOrders(first: $groups) {
    nodes {
      id status fulfillBy fulfillAt
      deliveryMethod { methodType presentedName maxDeliveryDateTime }
      assignedLocation { location { id } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

_ORDER = ORDER_FRAGMENT + LINE_FRAGMENT + TRANSACTION_FRAGMENT + TAX_FRAGMENT + ADDRESS_FRAGMENT + MONEY_FRAGMENT

ORDERS = (
    """
query Orders($first: Int!, $after: String, $query: String!, $lines: Int!, $shippings: Int!, $listed: Int!, $groups: Int!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { ...order }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _ORDER
)

ORDER = (
    """
query Order($id: ID!, $lines: Int!, $shippings: Int!, $listed: Int!, $groups: Int!) {
  order(id: $id) { ...order }
}
"""
    + _ORDER
)

ORDER_LINES = (
    """
query OrderLines($id: ID!, $first: Int!, $after: String) {
  order(id: $id) { lineItems(first: $first, after: $after) { nodes { ...line } pageInfo { hasNextPage endCursor } } }
}
"""
    + LINE_FRAGMENT
    + TAX_FRAGMENT
    + MONEY_FRAGMENT
)

ORDER_SHIPPINGS = (
    """
query OrderShippings($id: ID!, $first: Int!, $after: String) {
  order(id: $id) {
    shippingLines(first: $first, after: $after) {
      nodes {
        id title code source isRemoved
        originalPriceSet { ...money }
        discountAllocations { allocatedAmountSet { ...money } }
        taxLines { ...tax }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + TAX_FRAGMENT
    + MONEY_FRAGMENT
)

ORDER_TRANSACTIONS = (
    """
query OrderTransactions($id: ID!, $first: Int!) { order(id: $id) { transactions(first: $first) { ...transaction } } }
"""
    + TRANSACTION_FRAGMENT
    + MONEY_FRAGMENT
)

ORDER_REFUNDS = """
query OrderRefunds($id: ID!, $first: Int!) { order(id: $id) { refunds(first: $first) { id note } } }
"""

ORDER_RETURNS = """
query OrderReturns($id: ID!, $first: Int!, $after: String, $lines: Int!, $some: Int!) {
  order(id: $id) {
    returns(first: $first, after: $after) {
      nodes {
        id name status createdAt
        decline { reason note }
        returnLineItems(first: $lines) {
          nodes {
            id quantity returnReasonNote customerNote
            returnReasonDefinition { handle name }
            ... on ReturnLineItem { fulfillmentLineItem { lineItem { id } } }
          }
          pageInfo { hasNextPage endCursor }
        }
        exchangeLineItems(first: $some) { nodes { quantity lineItems { name } } pageInfo { hasNextPage endCursor } }
        reverseFulfillmentOrders(first: $some) {
          nodes {
            reverseDeliveries(first: $some) {
              nodes { deliverable { ... on ReverseDeliveryShippingDeliverable { tracking { number } } } }
            }
          }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

REFUND = (
    """
query Refund($id: ID!, $lines: Int!, $after: String, $some: Int!) {
  refund(id: $id) {
    id note createdAt processedAt
    return { id }
    totalRefundedSet { ...money }
    refundLineItems(first: $lines, after: $after) {
      nodes { id quantity restockType lineItem { id } location { id } subtotalSet { ...money } totalTaxSet { ...money } }
      pageInfo { hasNextPage endCursor }
    }
    refundShippingLines(first: $some) {
      nodes { id subtotalAmountSet { ...money } taxAmountSet { ...money } }
      pageInfo { hasNextPage endCursor }
    }
    orderAdjustments(first: $some) {
      nodes { id reason amountSet { ...money } taxAmountSet { ...money } }
      pageInfo { hasNextPage endCursor }
    }
    transactions(first: $some) { nodes { ...transaction } pageInfo { hasNextPage endCursor } }
    duties { amountSet { ...money } originalDuty { id } }
  }
}
"""
    + TRANSACTION_FRAGMENT
    + MONEY_FRAGMENT
)

#: What is nested in an order, where only its pages after the first are asked for.
ORDER_GROUPS = """
query OrderGroups($id: ID!, $first: Int!, $after: String) {
  order(id: $id) {
    fulfillmentOrders(first: $first, after: $after) {
      nodes {
        id status fulfillBy fulfillAt
        deliveryMethod { methodType presentedName maxDeliveryDateTime }
        assignedLocation { location { id } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

PAYOUTS = """
query Payouts($first: Int!, $after: String, $query: String!) {
  shopifyPaymentsAccount {
    payouts(first: $first, after: $after, query: $query, sortKey: ISSUED_AT) {
      nodes { id legacyResourceId issuedAt status transactionType externalTraceId net { amount currencyCode } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

PAYOUT_TRANSACTIONS = """
query PayoutTransactions($first: Int!, $after: String, $query: String!) {
  shopifyPaymentsAccount {
    balanceTransactions(first: $first, after: $after, query: $query, sortKey: PROCESSED_AT, hideTransfers: true) {
      nodes {
        id type test transactionDate adjustmentReason sourceId sourceType sourceOrderTransactionId
        amount { amount currencyCode }
        fee { amount currencyCode }
        net { amount currencyCode }
        associatedOrder { id name }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

ORDER_OF_FULFILMENT = """
query OrderOfFulfilment($id: ID!) { fulfillmentOrder(id: $id) { orderId } }
"""

SHOP = """
query Shop($first: Int!) {
  shop { name currencyCode ianaTimezone myshopifyDomain shopAddress { countryCodeV2 } }
  locations(first: $first) { nodes { id name isActive } pageInfo { hasNextPage endCursor } }
  currentAppInstallation { accessScopes { handle } }
}
"""

LOCATIONS = """
query Locations($first: Int!, $after: String) {
  locations(first: $first, after: $after) { nodes { id name isActive } pageInfo { hasNextPage endCursor } }
}
"""

CURRENCY = """
query Currency { shop { currencyCode } }
"""

LISTINGS = """
query Listings($first: Int!, $after: String) {
  shop { currencyCode }
  productVariants(first: $first, after: $after, sortKey: ID) {
    nodes {
      id sku barcode displayName price inventoryQuantity
      product { id status }
      inventoryItem { id tracked }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

LEVELS = """
query Levels($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id tracked
      inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } }
    }
  }
}
"""

SET_QUANTITIES = """
mutation SetQuantities($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field message } }
}
"""

ACTIVATE = """
mutation Activate($item: ID!, $location: ID!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location) @idempotent(key: $key) {
    userErrors { field message }
  }
}
"""

SET_PRICES = """
mutation SetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { id }
    userErrors { code field message }
  }
}
"""

PRODUCT_MEDIA = """
query ProductMedia($id: ID!, $first: Int!) {
  product(id: $id) {
    id
    media(first: $first) {
      nodes { id mediaContentType ... on MediaImage { image { url } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

STAGE_UPLOADS = """
mutation StageUploads($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets { url resourceUrl parameters { name value } }
    userErrors { field message }
  }
}
"""

SET_CONTENT = """
mutation SetContent($product: ProductSetIdentifiers!, $input: ProductSetInput!) {
  productSet(identifier: $product, input: $input, synchronous: true) {
    product { id }
    userErrors { code field message }
  }
}
"""

FULFILMENT_ORDERS = """
query FulfilmentOrders($id: ID!, $first: Int!, $after: String, $lines: Int!) {
  order(id: $id) {
    cancelledAt
    fulfillmentOrders(first: $first, after: $after) {
      nodes {
        id status
        assignedLocation { name location { id } }
        fulfillmentHolds { displayReason }
        supportedActions { action }
        lineItems(first: $lines) {
          nodes { id remainingQuantity lineItem { id name } }
          pageInfo { hasNextPage endCursor }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

FULFILMENT_ORDER_LINES = """
query FulfilmentOrderLines($id: ID!, $first: Int!, $after: String) {
  fulfillmentOrder(id: $id) {
    lineItems(first: $first, after: $after) {
      nodes { id remainingQuantity lineItem { id name } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

FULFILMENTS = """
query Fulfilments($id: ID!, $first: Int!, $lines: Int!) {
  order(id: $id) {
    fulfillments(first: $first) {
      id status
      trackingInfo(first: 5) { number }
      fulfillmentLineItems(first: $lines) {
        nodes { quantity lineItem { id } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""

FULFILMENT_LINES = """
query FulfilmentLines($id: ID!, $first: Int!, $after: String) {
  fulfillment(id: $id) {
    fulfillmentLineItems(first: $first, after: $after) {
      nodes { quantity lineItem { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

FULFIL = """
mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id status } userErrors { field message } }
}
"""

CANCEL_STATE = """
query CancelState($id: ID!) { order(id: $id) { cancelledAt displayFulfillmentStatus } }
"""

CANCEL = """
mutation Cancel(
  $id: ID!, $reason: OrderCancelReason!, $restock: Boolean!, $refund: OrderCancelRefundMethodInput, $notify: Boolean,
  $note: String
) {
  orderCancel(
    orderId: $id, reason: $reason, restock: $restock, refundMethod: $refund, notifyCustomer: $notify, staffNote: $note
  ) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}
"""

JOB = """
query Job($id: ID!) { job(id: $id) { id done } }
"""

RETURNABLE = """
query Returnable($id: ID!, $first: Int!, $after: String, $lines: Int!) {
  returnableFulfillments(orderId: $id, first: $first, after: $after) {
    nodes {
      returnableFulfillmentLineItems(first: $lines) {
        nodes { quantity fulfillmentLineItem { id lineItem { id } } }
        pageInfo { hasNextPage endCursor }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

RETURN_CREATE = """
mutation ReturnCreate($input: ReturnInput!) {
  returnCreate(returnInput: $input) { return { id status } userErrors { code field message } }
}
"""

RETURN_APPROVE = """
mutation ReturnApprove($input: ReturnApproveRequestInput!) {
  returnApproveRequest(input: $input) { return { id status } userErrors { code field message } }
}
"""

RETURN_DECLINE = """
mutation ReturnDecline($input: ReturnDeclineRequestInput!) {
  returnDeclineRequest(input: $input) { return { id status } userErrors { code field message } }
}
"""

RETURN_CANCEL = """
mutation ReturnCancel($id: ID!) {
  returnCancel(id: $id) { return { id status } userErrors { code field message } }
}
"""

RETURN_CLOSE = """
mutation ReturnClose($id: ID!) {
  returnClose(id: $id) { return { id status } userErrors { code field message } }
}
"""

RETURN_GOODS = """
query ReturnGoods($id: ID!, $some: Int!, $lines: Int!) {
  return(id: $id) {
    reverseFulfillmentOrders(first: $some) {
      nodes {
        lineItems(first: $lines) {
          nodes {
            id totalQuantity dispositions { type quantity } fulfillmentLineItem { lineItem { id } }
          }
          pageInfo { hasNextPage }
        }
      }
      pageInfo { hasNextPage }
    }
  }
}
"""

RETURN_DISPOSE = """
mutation ReturnDispose($input: [ReverseFulfillmentOrderDisposeInput!]!) {
  reverseFulfillmentOrderDispose(dispositionInputs: $input) {
    reverseFulfillmentOrderLineItems { id }
    userErrors { code field message }
  }
}
"""

#: Both sides of the totals: what is paid back is told in the customer's currency, whichever the channel keeps.
REFUNDABLE = """
query Refundable($id: ID!, $lines: Int!, $after: String, $listed: Int!) {
  order(id: $id) {
    currencyCode presentmentCurrencyCode cancelledAt
    totalPriceSet { shopMoney { amount } presentmentMoney { amount } }
    lineItems(first: $lines, after: $after) {
      nodes { id refundableQuantity unfulfilledQuantity }
      pageInfo { hasNextPage endCursor }
    }
    transactions(first: $listed) {
      id kind status gateway amountSet { presentmentMoney { amount } } parentTransaction { id }
    }
  }
}
"""

AUTHORIZED = """
query Authorized($id: ID!, $listed: Int!) {
  order(id: $id) {
    currencyCode presentmentCurrencyCode cancelledAt
    transactions(first: $listed) {
      id kind status amountSet { shopMoney { amount } presentmentMoney { amount } } parentTransaction { id }
    }
  }
}
"""

ORDER_CAPTURE = """
mutation OrderCapture($input: OrderCaptureInput!) {
  orderCapture(input: $input) {
    transaction { id status }
    userErrors { field message }
  }
}
"""

TRANSACTION_VOID = """
mutation TransactionVoid($id: ID!) {
  transactionVoid(parentTransactionId: $id) {
    transaction { id status }
    userErrors { code field message }
  }
}
"""

REFUND_CREATE = """
mutation RefundCreate($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id transactions(first: 50) { nodes { status } } }
    userErrors { field message }
  }
}
"""

WEBHOOKS = """
query Webhooks($first: Int!, $after: String) {
  webhookSubscriptions(first: $first, after: $after) {
    nodes { id topic uri format filter }
    pageInfo { hasNextPage endCursor }
  }
}
"""

WEBHOOK_CREATE = """
mutation WebhookCreate($topic: WebhookSubscriptionTopic!, $webhook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) {
    webhookSubscription { id } userErrors { field message }
  }
}
"""

WEBHOOK_UPDATE = """
mutation WebhookUpdate($id: ID!, $webhook: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $webhook) {
    webhookSubscription { id } userErrors { field message }
  }
}
"""
