"""How people write postal addresses in Spanish, from Mexico to Chile, and in Spain."""

from __future__ import annotations

from intent.classify.address_rule import address_rule
from intent.classify.address_words import AVENIDA, CAPITAL, COUNTED, EDGE, NUMBER, OF, WORD

# Ways that are plain words, too: with a capital and a name behind it they are meant.
_WAY = (
    r"(?-i:Andador|Cerrada|Retorno|Peatonal|Perif[ée]rico|Circunvalaci[óo]n|Viaducto|Continuaci[óo]n|Corredor|Ampliaci[óo]n|"
    r"Prol\.?|Priv\.?|Costanera|Subida|Bajada|Autopista|Carretera|Ruta|Eje(?: Central| Vial)?|Libramiento|Malec[óo]n)"
)
# Nobody writes these of anything but a street.
_ABBREVIATED = r"(?:pje|psje|pasaje|priv|privada|cerrada|andador|calz|blvd|avda|av|jr|calle)\b\.?"
_NUMBERED = r"(?:#\s?|n[º°o]\.?\s?|n[úu]m(?:ero|\.)?\s?(?:ext(?:erior|\.)?\s?)?)"
_NAME = rf"(?:{OF}\s){{0,2}}{CAPITAL}(?:\s(?:(?:{OF}\s){{0,2}}{CAPITAL})){{0,4}}"
_SIDE = r"(?:norte|sur|oriente|poniente|este|oeste|nte\.?|ote\.?|pte\.?)"
_MONTH = (
    r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)"
)
_FLAT = r"(?:depto|dpto|departamento|apto|apartamento|of|oficina|piso|torre|block|interior|int|local|casa)\b\.?"
_ESTATE = r"(?:villa|poblaci[óo]n|condominio|fraccionamiento|fracc\.?|residencial|conjunto|unidad habitacional)"
# What says of small letters that an address goes on.
_GOES_ON = rf"(?=,?\s(?:col\.?|colonia|c\.?p\.?|{_FLAT}|{_ESTATE}|esq\.?|esquina|mz|lt)\s)"

SPANISH_RULES = (
    # "Calle Mayor 12", "Av. Reforma #123", "Cra 7 # 12-34".
    address_rule(
        "ES MX AR PE CL CO",
        rf"{EDGE}{AVENIDA}\s?(?P<name>(?:{OF}\s){{0,2}}{CAPITAL}(?:\s(?:(?:{OF}\s){{0,2}}{CAPITAL})){{0,4}}),?\s{{0,2}}(?:#\s?|n[º°o]\.?\s?|n[úu]m(?:ero|\.)?\s?|km\.?\s)?{NUMBER}",
    ),
    address_rule(
        "ES MX AR PE CL CO",
        rf"{EDGE}{AVENIDA}\s?(?P<name>(?:{WORD}\s){{1,4}}?|\d{{1,3}}\s)(?:#\s?|n[º°]\.?\s?|n[úu]m(?:ero|\.)?\s?){NUMBER}",
    ),
    address_rule(
        "CO",
        EDGE
        + r"(?:calle|cll?\.?|carrera|cra\.?|kra\.?|cr\.?|kr\.?|transversal|tv\.?|diagonal|dg\.?|avenida(?: calle| carrera)?|ak|ac)\s?"
        r"\d{1,3}\s?[a-zª]?(?:\s?(?:bis|sur|norte|este))?(?:\s?[a-z]\b)?(?:\s(?:sur|este))?\s?(?:#|no\.?|n[°º]\.?)\s?\d{1,3}\s?[a-z]?(?:\s?bis)?\s?-\s?\d{1,3}(?:\s(?:sur|norte|este|oeste)\b)?",
    ),
    address_rule(
        "ES MX CL",
        rf"{EDGE}(?-i:{CAPITAL}(?:\s(?:{OF}\s){{0,2}}{CAPITAL}){{1,5}}),?\s\d{{1,5}}(?:\s(?:piso|puerta|apt\.?|edif\.?|depto\.?|int\.?)\s\d{{1,4}}\s?,?){{0,2}}"
        rf",\s(?-i:{CAPITAL}(?:\s(?:{OF}\s)?{CAPITAL}){{0,3}}),\s(?:\d{{5}}\b|regi[óo]n\s)",
    ),
    # "Corredor Violetas 55", "Calle 5 de Mayo 32", "Calle 4 Oriente 567", "Eje 5 Sur 210".
    address_rule(
        "MX CL", rf"{EDGE}{_WAY}\s(?P<name>{_NAME}),?\s{_NUMBERED}?(?!(?:19|20)\d\d\b){NUMBER}"
    ),
    address_rule(
        "MX CL PE AR",
        rf"{EDGE}(?:{AVENIDA}|eje)\s\d{{1,3}}\s(?:de\s{_MONTH}|{_SIDE})\s{_NUMBERED}?{NUMBER}",
    ),
    address_rule("CL", rf"{EDGE}\d{{1,2}}\s{_SIDE}\s\d{{2,5}},\s(?-i:{CAPITAL})"),
    # Small letters: "psje gaviotas 345", "calle los aromos 1234", "av gaviotas 120 col roma".
    address_rule(
        "MX CL",
        rf"{EDGE}{_ABBREVIATED}\s(?P<name>(?:{WORD}\s){{1,4}}){_NUMBERED}?{NUMBER}{_GOES_ON}",
    ),
    address_rule(
        "CL MX",
        rf"{EDGE}(?:pje|psje|priv|calz)\b\.?\s(?P<name>(?:{WORD}\s){{1,3}}){_NUMBERED}?{NUMBER}",
    ),
    address_rule(
        "CL MX",
        rf"{EDGE}(?:pasaje|calle|avda|av)\b\.?\s(?:los|las|el|la)\s(?P<name>(?:{WORD}\s){{1,2}}){_NUMBERED}?"
        rf"(?=\d\d){NUMBER}",
    ),
    # "Los Aromos 1234, casa 12", "Matta 1234 depto 501", "Matta 890, Maipú, Región Metropolitana".
    address_rule(
        "CL MX AR",
        rf"{EDGE}(?-i:{CAPITAL}(?:\s(?:{OF}\s)?{CAPITAL}){{1,4}}),?\s\d{{2,5}}\s?,?\s{_FLAT}\s?#?\d{{1,4}}",
    ),
    address_rule(
        "CL MX AR",
        rf"{EDGE}(?-i:{CAPITAL}(?:\s(?:{OF}\s)?{CAPITAL}){{0,4}}),?\s\d{{2,5}}\s?(?:,?\s(?:depto|dpto|departamento)\b\.?\s?#?\d{{1,4}}|"
        rf"(?:,\s(?-i:{CAPITAL}(?:\s(?:{OF}\s)?{CAPITAL}){{0,3}}))?,\s(?=regi[óo]n\s(?:del?|metropolitana)\b))",
    ),
    # "Manzana 5 Lote 12", "Block 5 Depto 34", "Villa Los Aromos casa 34", "Pasaje 3 casa 12".
    address_rule(
        "MX PE CO",
        rf"{EDGE}(?:manzana|mza?)\b\.?\s?[a-z]?\d{{0,3}}[a-z]?\s?,?\s(?:lote|lte?)\b\.?\s?\d{{1,3}}{COUNTED}",
    ),
    address_rule(
        "CL MX",
        rf"{EDGE}(?:block|bloque|edificio|edif\.?|torre)\s[a-z]?\d{{0,3}}\s?,?\s(?:depto|dpto|departamento|apto)\b\.?\s?#?\d{{1,4}}",
    ),
    address_rule(
        "CL MX",
        rf"{EDGE}(?:{_ESTATE}\s(?P<name>(?:{WORD}\s){{1,4}})|(?:pasaje|psje|pje|calle)\b\.?\s\d{{1,3}}\s?,?\s)casa\s{_NUMBERED}?\d{{1,4}}{COUNTED}",
    ),
    # "Camino El Alto, parcela 5", "Ruta 5 Sur km 123", "Calle 60 x 47 y 49 No. 412".
    address_rule(
        "CL",
        rf"{EDGE}(?:camino\s(?:{WORD}\s?){{1,4}}(?:s/n)?,?\sparcela\s{_NUMBERED}?\d{{1,4}}|parcela\s{_NUMBERED}?\d{{1,4}},?\scamino\s(?:{OF}\s){{0,2}}{WORD}(?:\s{CAPITAL}){{0,3}})",
    ),
    address_rule(
        "MX CL",
        rf"{EDGE}(?-i:Ruta|Carretera|Autopista|Camino)\s(?:(?:{OF}\s)?(?:{CAPITAL}|\d{{1,3}})\s?){{1,4}},?\skm\.?\s?\d{{1,4}}(?:[.,]\d)?",
    ),
    address_rule(
        "MX",
        rf"{EDGE}calle\s\d{{1,3}}[a-z]?\s(?:x\s\d{{1,3}}[a-z]?(?:\sy\s\d{{1,3}}[a-z]?)?\s)?{_NUMBERED}\d{{1,4}}[a-z]?(?:\sx\s\d{{1,3}}[a-z]?(?:\sy\s\d{{1,3}}[a-z]?)?)?",
    ),
)
