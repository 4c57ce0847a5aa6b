"""What files of orders are made of, and the limits of what is read.

Sources: UN/EDIFACT directories D.96A and D.01B (https://service.unece.org/trade/untdid/), GS1 EANCOM, X12 004010.
"""

CODE = "files"
LABEL = "Files (CSV, Excel, EDI)"

FORMATS = (("csv", "CSV or Excel"), ("edifact", "EDIFACT"), ("x12", "ANSI X12"))

#: A larger file is refused.
FILE_MAX_BYTES = 8 * 1024 * 1024
#: What an Excel file may hold once it is unpacked, and of how many parts.
UNPACKED_MAX_BYTES = 50 * 1024 * 1024
PARTS_MAX = 500
#: Sheets that are looked at for one that holds anything.
SHEETS_MAX = 5
#: Rows read of a file.
ROWS_MAX = 10_000
#: Orders of one file.
ORDERS_MAX = 10_000
#: Errors named in a sentence; the file of the bad rows names all.
SHOWN_MAX = 20

#: Names of files that are taken from a folder.
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".edi", ".edifact", ".x12", ".dat", ".850")

#: Written into the column beside a bad row; a column of that name is not read.
ERROR_COLUMN = "What is wrong"

#: field → (what a person calls it, the names by which it is known, as ``table.name_key`` writes them).
#: ``s_`` is where the goods go, ``b_`` who pays.
COLUMNS = {
    "number": (
        "Order number",
        "order number|order no|order nr|order id|order|number|po number|po|purchase order|reference|order reference|"
        "bestellnummer|bestellnr|bestell nr|auftragsnummer|auftrag|belegnummer|numero de commande|commande|n commande|"
        "numero pedido|numero de pedido|pedido|numero ordine|ordine|ordernummer|bestelnummer",
    ),
    "ordered_at": (
        "Order date",
        "order date|date|ordered at|created at|bestelldatum|auftragsdatum|datum|date de commande|date commande|fecha|"
        "fecha de pedido|data|data ordine|orderdatum|besteldatum",
    ),
    "status": ("Status", "status|order status|auftragsstatus|statut|estado|stato"),
    "currency": ("Currency", "currency|currency code|wahrung|wahrungscode|devise|moneda|divisa|valuta"),
    "total": (
        "Order total",
        "total|order total|grand total|total amount|gesamtbetrag|gesamtsumme|total ttc|importe total|totale|totaal",
    ),
    "net_total": ("Total without tax", "net total|subtotal|total ht|nettobetrag|zwischensumme|netto|total excl tax"),
    "tax_total": ("Tax total", "tax total|total tax|taxes|steuerbetrag|mwst betrag|montant tva|total tva|total iva"),
    "tax_included": ("Prices include tax", "tax included|prices include tax|inkl mwst|brutto|ttc|vat included"),
    "customer_ref": (
        "Customer number",
        "customer number|customer id|customer no|customer ref|customer|kundennummer|kunden nr|kunde|"
        "numero client|client|"
        "codigo cliente|cliente|klantnummer",
    ),
    "note": (
        "Note of the customer",
        "note|notes|comment|comments|remark|bemerkung|kommentar|notiz|remarque|nota|opmerking",
    ),
    "payment_method": (
        "Payment method",
        "payment method|payment|zahlungsart|zahlart|mode de paiement|forma de pago|pagamento",
    ),
    "paid": ("Paid", "paid|is paid|bezahlt|paye|pagado|pagato|betaald|financial status|payment status"),
    "shipping_method": (
        "Shipping method",
        "shipping method|delivery method|carrier|versandart|lieferart|mode de livraison|metodo de envio|spedizione",
    ),
    "shipping": (
        "Shipping charged",
        "shipping|shipping cost|shipping costs|shipping amount|shipping price|freight|versandkosten|versand|porto|"
        "frais de port|livraison|gastos de envio|envio|spese di spedizione|verzendkosten",
    ),
    "order_discount": (
        "Discount on the order",
        "order discount|discount amount|discount code amount|rabatt gesamt|auftragsrabatt|remise commande|"
        "descuento pedido",
    ),
    "deliver_by": (
        "Deliver by",
        "deliver by|delivery date|requested delivery|liefertermin|lieferdatum|wunschtermin|date de livraison|"
        "fecha de entrega|data consegna|leverdatum",
    ),
    "line_id": ("Line", "line|line id|line no|line number|position|pos|positionsnummer|ligne|linea|riga|regel"),
    "sku": (
        "SKU",
        "sku|article|article number|item|item number|item no|product code|product id|lineitem sku|internal reference|"
        "artikelnummer|artikelnr|artikel nr|artikel|art nr|reference article|code article|articulo|codigo articulo|"
        "codice articolo|artikelcode",
    ),
    "barcode": ("Barcode", "barcode|ean|gtin|upc|ean13|ean code|strichcode|code barres|codigo de barras"),
    "name": (
        "Product name",
        "product name|item name|description|title|lineitem name|bezeichnung|artikelbezeichnung|beschreibung|produkt|"
        "designation|libelle|descripcion|producto|descrizione|omschrijving",
    ),
    "quantity": (
        "Quantity",
        "quantity|qty|ordered|pieces|lineitem quantity|menge|anzahl|stuck|stuckzahl|quantite|qte|cantidad|"
        "quantita|aantal",
    ),
    "price": (
        "Price of one",
        "price|unit price|item price|lineitem price|preis|einzelpreis|stuckpreis|e preis|prix|prix unitaire|pu|precio|"
        "precio unitario|prezzo|prijs",
    ),
    "amount": (
        "Line total",
        "amount|line total|line amount|row total|gesamtpreis|positionsbetrag|zeilensumme|betrag|montant|"
        "importe|importo|bedrag",
    ),
    "discount": (
        "Discount on the line",
        "discount|line discount|lineitem discount|rabatt|remise|descuento|sconto|korting",
    ),
    "tax_rate": (
        "Tax rate (%)",
        "tax rate|vat rate|tax percent|vat percent|mwst satz|ust satz|steuersatz|taux tva|tipo iva|"
        "btw tarief|aliquota iva",
    ),
    "tax": ("Tax of the line", "tax amount|vat amount|line tax|mwst zeile|steuer|tva ligne|importe iva|importo iva"),
    "line_note": ("Note on the line", "line note|item note|options|positionstext|hinweis"),
    "delivery_method": ("How it is delivered", "fulfilment|fulfillment|fulfilment method|fulfillment method"),
    "pickup_ref": ("Picked up at", "pickup at|pickup location|pickup place|store code|abholort|filiale"),
    "s_name": (
        "Deliver to: name",
        "shipping name|ship to name|ship to|delivery name|recipient|customer name|full name|"
        "lieferadresse name|empfanger|liefername|"
        "kundenname|nom|destinataire|nombre|destinatario|nome|naam",
    ),
    "s_company": (
        "Deliver to: company",
        "shipping company|ship to company|company|firma|societe|empresa|azienda|bedrijf",
    ),
    "s_street": (
        "Deliver to: street",
        "shipping street|shipping address|shipping address1|ship to address|street|address|address1|"
        "address 1|strasse|anschrift|adresse|"
        "lieferstrasse|rue|direccion|calle|indirizzo|via|straat|adres",
    ),
    "s_street2": (
        "Deliver to: street 2",
        "shipping street 2|shipping address2|ship to address 2|street2|street 2|address2|address 2|adresszusatz|"
        "complement d adresse",
    ),
    "s_zip": (
        "Deliver to: post code",
        "shipping zip|shipping postcode|ship to zip|zip|zip code|postcode|postal code|plz|postleitzahl|code postal|cp|"
        "codigo postal|cap",
    ),
    "s_city": ("Deliver to: town", "shipping city|ship to city|city|town|ort|stadt|ville|ciudad|citta|plaats|stad"),
    "s_state": (
        "Deliver to: state",
        "shipping state|shipping province|ship to state|state|province|region|bundesland|provincia",
    ),
    "s_country": (
        "Deliver to: country",
        "shipping country|ship to country|country|country code|land|landercode|lieferland|pays|pais|paese",
    ),
    "s_email": (
        "E-mail",
        "email|e mail|mail|customer email|shipping email|courriel|correo|correo electronico|emailadres",
    ),
    "s_phone": ("Telephone", "phone|telephone|tel|mobile|shipping phone|telefon|telefono|telefoon|portable|handy"),
    "s_ref": (
        "Deliver to: number",
        "ship to gln|ship to id|shipping id|gln|delivery gln|lieferadresse nr|store number",
    ),
    "b_name": ("Invoice to: name", "billing name|bill to name|bill to|invoice name|rechnung name|rechnungsempfanger"),
    "b_company": ("Invoice to: company", "billing company|bill to company|rechnung firma"),
    "b_street": (
        "Invoice to: street",
        "billing street|billing address|billing address1|bill to address|rechnung strasse",
    ),
    "b_street2": ("Invoice to: street 2", "billing street 2|billing address2|bill to address 2"),
    "b_zip": ("Invoice to: post code", "billing zip|billing postcode|bill to zip|rechnung plz"),
    "b_city": ("Invoice to: town", "billing city|bill to city|rechnung ort"),
    "b_state": ("Invoice to: state", "billing state|billing province|bill to state"),
    "b_country": ("Invoice to: country", "billing country|bill to country|rechnung land"),
    "b_email": ("Invoice to: e-mail", "billing email|bill to email"),
}
#: Name of a column → field.
FIELD_BY_NAME = {name: field for field, (_label, names) in COLUMNS.items() for name in names.split("|")}
#: Names that mean one of several things: what is still free of them, in this order.
AMBIGUOUS = {"name": ("number", "s_name"), "product": ("sku", "name"), "produit": ("sku", "name")}
#: Names that some give to the rate and others to the amount. Only cells with a percent sign tell.
RATE_OR_AMOUNT = frozenset("tax vat mwst ust tva iva btw".split())
#: What is said once for an order, and may be repeated on its rows.
LINE_FIELDS = frozenset(
    ("line_id", "sku", "barcode", "name", "quantity", "price", "amount", "discount", "tax_rate", "tax", "line_note")
)
NUMBER_FIELDS = (
    "quantity",
    "price",
    "amount",
    "discount",
    "tax",
    "total",
    "net_total",
    "tax_total",
    "shipping",
    "order_discount",
)
DATE_FIELDS = ("ordered_at", "deliver_by")

YES = frozenset("1 yes y true x paid oui ja si sí bezahlt paye payé pagado complete".split())
NO = frozenset(["0", "no", "n", "false", "non", "nein", "unpaid", "pending", "offen", "open", ""])
#: Words in the column of the status → ours.
STATUSES = {
    **dict.fromkeys(
        ("", "open", "new", "confirmed", "processing", "paid", "unfulfilled", "offen", "neu", "bestellt"), "open"
    ),
    **dict.fromkeys(("pending", "unpaid", "awaiting payment"), "awaiting_payment"),
    **dict.fromkeys(("hold", "on hold"), "on_hold"),
    **dict.fromkeys(("fulfilled", "shipped", "delivered", "complete", "completed"), "fulfilled"),
    **dict.fromkeys(("cancelled", "canceled", "storniert", "annule", "cancelado"), "cancelled"),
}

#: An example of a file, as it is offered for download.
TEMPLATE = (
    (
        "Order number",
        "Order date",
        "Currency",
        "SKU",
        "Product name",
        "Quantity",
        "Unit price",
        "Tax rate",
        "Tax included",
    ),
    ("Shipping", "Order total", "Shipping name", "Street", "Zip", "City", "Country", "Email", "Phone", "Note"),
)
TEMPLATE_ROWS = (
    ("PO-1001", "2026-11-20", "EUR", "MUG-BLUE", "Blue mug", "2", "10.00", "20", "no")
    + ("4.90", "41.88", "Zoé Martin", "1 rue de Rivoli", "75001", "Paris", "FR", "zoe@example.com", "", "Ring twice"),
    ("PO-1001", "2026-11-20", "EUR", "TEA-GREEN", "Green tea", "1", "10.00", "20", "no")
    + ("", "", "", "", "", "", "", "", "", ""),
    ("PO-1002", "2026-11-20", "EUR", "MUG-BLUE", "Blue mug", "1", "10.00", "20", "no")
    + ("0", "12.00", "Jan de Boer", "Damrak 1", "1012 LG", "Amsterdam", "NL", "jan@example.com", "", ""),
)
