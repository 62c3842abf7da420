"""The words that slots are found by, in languages with spaces between words: small letters, with
and without accents, as hurried people type them.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Money.
CURRENCY_BEFORE = _words(
    "$ £ € ¥ ₫ ฿ ₱ rm rp usd aud sgd myr idr thb vnd php s/ r$ us$ hk$ nt$ a$ s$ nzd cad inr rs "
    "eur gbp usd$ ₹"
)
CURRENCY_AFTER = _words(
    "$ £ € ₫ ฿ bucks quid dollars dollar euros euro pesos soles ringgit usd aud sgd myr baht "
    "dirhams pounds eur php sen đồng rupiah guaraníes "
    "guaranies bs mxn cop clp yuan rmb peso rupees rs francs won yen kr ringgits"
)
SCALES = _words(
    "k rb ribu jt juta jutaan tr triệu trieu ngàn ngan nghìn nghin củ cành mil lucas luca palos "
    "grand millones tỷ tỉ lít cu ty"
)
GLUED_SCALES = _words("k")
"""Scales that are written onto their number."""
SPLIT_SCALES = _words("tr triệu trieu tỷ tỉ ty củ jt juta")
"""Scales after which more digits may come: 2tr5."""
NOT_MONEY = _words(
    "followers follower followerz follow follows fol seguidores view views likes like subs km "
    "miles mile kms mah mAh real data ký ky người "
    "nguoi km/h members plays envíos contactos productos kilómetros giros libras pasif people "
    "cupcakes kcal steps cal cals px"
)
PRICE_BEFORE = _words(
    "pay paying paid cost costs charge charging was budget bid bidding under below only deposit "
    "shave price rate presupuesto acepta aceptan "
    "pago pagué cobraron valían costaba salía dejas vale cuesta bagi jadi jdi dp bajet harga hrg "
    "cuma turun kena giá gia cọc coc bán thuê "
    "thue mất tầm vé ve góp het hết duoi dưới giảm bớt fix trả spend spent offer afford asking "
    "worth target maximum minimum precio costó "
    "costaron pagar ofrezco oferta presu tope máximo modal bayar dibayar kasih turunin kurang "
    "dapat jual ngân deal rm$"
)
PRICE_BEFORE_LARGE = _words(
    "at for take a por en make total still de con while me had còn có co mua gói goi combo vé ve "
    "cover the shopee y than around about over "
    "hasta desde unos dengan sampai đến khoảng tới chừng mình just only"
)
"""Words that stand before a price if the number is large enough to be none of pieces or hours."""
PRICE_AFTER = _words(
    "final finale nett net cash can max deal less fixed me chốt chot tròn tron chẵn chan được duoc "
    "dc đc ship bao thì angkut dapet dapat "
    "boleh deh je xblh lepas nego bimestral mensual mensuales ahora off each apiece total "
    "altogether flat cada contado pas mentok gak bớt "
    "thôi"
)
PRICE_AFTER_LARGE = _words("is for if please pls and y lun luôn luon nha thoi thôi à")
PER = _words("per an")
NOT_PER = _words("tháng thang hari hr ngày day month bulan mes tuần")
WHOLE_PRICES = _words("sejuta seribu seringgit seratus")
WORD_SCALES = _words(
    "trăm triệu ngàn nghìn puluh ratus ribu juta hundred thousand grand million mil millones "
    "cientos lucas pesos soles"
)
DISCOUNTS = _words("giảm giam ck cọc coc vay góp gop")

# Quantities.
UNITS = _words(
    "pc pcs piece pieces set sets pair pairs box boxes pack packs packet packets pkt pkts unit "
    "units bottle bottles jar jars tube tubes tub "
    "tubs bag bags people ppl pax person persons guests guest kids kid adults adult staff rooms "
    "room seats seat tins tin trays tray scoops "
    "scoop pots pot dozen dozens kg kgs kilo kilos lbs lb cartons carton bundles rolls roll slots "
    "sessions session classes windows teams "
    "students cats dogs girls boys headshots pasang helai biji buah botol kotak bungkus bks pek "
    "karung kaleng lusin kodi org orang keping "
    "pasu ekor gulung karton balang beg anak tamu siswa cabang outlet bekas batang varian lembar "
    "kuintal kantong dus bal sachet porsi meja "
    "pinggan tong combo rim family nama cái cai chiếc chiec hộp hop đôi doi bộ bo chai gói túi tui "
    "cặp hũ hủ hu thùng thung bịch bich bao "
    "chậu chau ổ suất suat người nguoi ng khách vé buổi buoi cây cay trái tấm tam thỏi tuýp bàn "
    "đứa dua bạn máy xe áo quần ký ky kí mâm phần "
    "lon cuon cuốn tủ chỗ slot unidades unidad pares par cajas caja piezas pieza docenas docena "
    "frascos bolsas bolsa personas kilitos adultos "
    "niños chicos pisos equipos paneles baños clases carros paletas grupos sucursales apartamentos "
    "productos souvenirs macetas rollos sacos "
    "latas botes cups cup cans can tickets ticket books plates tables cakes sheets lots metres "
    "yards bunch bundle crates pallets copies bowls "
    "gram kilogram potong ikat toples galon buku tiket rak mangkuk papan murid tetamu lọ lốc khay "
    "quyển sợi cân mét khúc miếng chén ly tô dây "
    "lô phòng căn bolsitas cajitas frasco paquete paquetes boletos entradas mesas invitados "
    "alumnos empleados trabajadores botellas sobres "
    "tazas bandejas tarros docenitas"
)
WEIGHTS = _words("kg kgs kilo kilos kilitos ký ky kí lbs kilogram cân")
TWO_WORD_UNITS = frozenset(
    {
        "học sinh",
        "công nhân",
        "nhân viên",
        "tài khoản",
        "cửa hàng",
        "máy lạnh",
        "tủ lạnh",
        "sản phẩm",
        "thú cưng",
    }
)
HALVES = _words("half nửa nua media medio setengah")
WHOLE_QUANTITIES = _words(
    "both sepasang sekotak sekilo sebungkus sebotol selusin sekarung semua2 bertiga berdua dua2 "
    "docenita ambos ambas kedua2 sebuah sebakul "
    "seguni sebiji secawan selai sehelai"
)
NUMBER_WORDS = _words(
    "one two three four five six seven eight nine ten twelve twenty dua tiga empat lima enam tujuh "
    "satu satuuu dos tres cuatro cinco seis "
    "siete ocho diez hai bốn sáu mười chục một veinte treinta cien nueve once doce quince lapan "
    "delapan sembilan sepuluh sebelas seratus ba "
    "bảy tám chín eleven fifteen thirty forty fifty hundred"
)
SHY_NUMBER_WORDS = _words("one satu una uno un một hai ba hundred nine seratus")
"""Number words that mean other things too: a bare one is no quantity."""
QUANTITY_BEFORE = _words(
    "want need take grab gimme order ordering ordered add adding for get hold gonna open throwing "
    "save send having reserve bundle me llevo "
    "llevando quiero kiero necesito somos ocupo anoteme anótame sepárame póngame guárdame dame "
    "compro manda ambil ambik amik beli butuh nak "
    "nk utk untuk mau simpankn ngambil angkut pesan keep sy saya aku gw mua lấy lay cần chốt chot "
    "thêm đặt dat cho e em mình nhiêu xin luôn "
    "buy buying bought pre-order preorder claim collect deliver wrap put comprar compré pido pedir "
    "encargo aparta apártame resérvame "
    "resérveme separa separame mandame mándame agarro pesen checkout tempah sewa booking borong "
    "simpan giữ gói ship mượn thuê dành"
)
QUANTITY_AFTER = _words("of d")

# Variants.
SIZES = _words("xxs xs xl xxl xxxl xxxxl 2xl 3xl 4xl 5xl 6xl freesize xxxxxl s/m m/l l/xl")
ONE_LETTER_SIZES = _words("s m l")
SIZE_WORDS = _words(
    "large medium jumbo mediums larges xlarge petite smedium newborn gede kecik kecil besar besaq "
    "lớn nhỏ lon nho grande chiquita mini"
)
SIZE_LABELS = _words(
    "size sizes saiz sz ukuran uk talla talle tallas ni shade tono mẫu lv phase nº eu us cỡ"
)
COLOUR_LABELS = _words("màu mau tono bản dial vị mùi rasa")
MEASURES = _words(
    "ml ltr litre litres liter litros litro gr gram grams gb tb gig cm mm inch inches inci ft sqft "
    "kaki watt watts kw kwp mah metros pulgadas "
    "añitos tier tiers lapis plazas puertas recámaras recamaras amperes oz viên vien phân tấc tac"
)
NOT_MEASURE_BEFORE = _words(
    "dalam within selama berumur umurku tinggi cao nặng berat dài sejak since last every"
)
STORAGE = _words("64 128 256 512 1024")

COLOURS_BEFORE_NOUN = _words(
    "black white red blue green pink purple yellow grey gray brown beige navy olive cream nude "
    "gold silver maroon charcoal lilac teal "
    "burgundy mustard khaki ivory turquoise mauve peach oxblood coral sage mocha mint lavender "
    "champagne walnut natural graphite plum ferozi "
    "blk bronze titanium milo magenta violet indigo cyan aqua fuchsia emerald rust camel mahogany "
    "cobalt scarlet ochre taupe denim terracotta "
    "pearl lime"
)
COLOURS_AFTER_NOUN = _words(
    "hitam putih merah biru hijau ungu kuning kelabu abu-abu abu2 abu coklat cokelat emas perak "
    "krem ireng ijo tosca mocca army khaki item "
    "negro negra blanco blanca rojo roja azul verde rosa rosado rosada rosadito morado morada "
    "amarillo amarilla gris marrón marron dorado "
    "dorada plateado plateada celeste lila beige beich beish vino vinotinto camel plomo naranja "
    "crema đen trắng đỏ xanh hồng tím vàng xám nâu "
    "kem den trang nau xam tim rêu bạc cam jingga oren maroon nila kelawar magenta krim "
    "broken-white salem fuschia denim café cafe fucsia "
    "turquesa mostaza granate violeta celestes negros negras blancos blancas rojos azules verdes "
    "grises burdeos coral lam lục chàm kaki"
)
SHY_COLOURS = _words(
    "gold silver orange natural mint cream coral sage plum army item kem be cam do den trang tim "
    "vino crema rosa abu bạc vàng café cafe lam "
    "lục pearl lime rust honey nho dulce pisang kacang jagung banana ginger krim"
)
"""Colours that are other things as well: taken beside a size or a label only."""
FLAVOURS = _words(
    "chocolate choc vanilla strawberry lemon mango matcha caramel coconut original keju pandan "
    "balado fresa vainilla limón guayaba queso "
    "maracuyá piña coco dâu đào vani neon pastel nudes stroberi durian mangga taro hazelnut mocca "
    "peach cherry lavender espresso mocha "
    "cinnamon blueberry raspberry banana pistachio lime ginger honey menta frambuesa arándano "
    "plátano café dulce anggur pisang kacang jagung "
    "madu jahe dừa chanh cam sầu nho"
)
COLOURS = COLOURS_BEFORE_NOUN | COLOURS_AFTER_NOUN | FLAVOURS
FREE_LABELS = _words("perisa sabor tono flavour flavor")
"""Labels behind which any word is a variant: "rasa pandan"."""
FITTING_SIZES = _words("large medium mediums jumbo petite xlarge gede smedium chiquita newborn")
"""Words for a size that are taken like a colour, where they are no part of a thing's name."""
SHADES_BEFORE = _words(
    "dark light dusty rose matte salted double extra hot baby sky deep pale midnight navy royal "
    "army soft tea burnt off forest wine black "
    "mediun medium rustic chocolate ash honey space"
)
SHADES_AFTER = _words(
    "tua muda dof doff army mint sage navy than bơ rêu dương lá nhạt đậm phấn đất trai ngọc titan "
    "titanium claro oscuro oliva agua mate "
    "rosadito nhat duong la dam reu bo terang gelap pastel silver wash blonde shimmer melange "
    "marino militar cielo eléctrico botella rojizo "
    "pekat cerah hitam tươi ngọt chanh dưa tro khói"
)
BEFORE_NUMBER = _words("yg yang got ada còn en mine ni cf lấy chốt")
AFTER_NUMBER = _words("? still masih ada nya taken left remain available còn")
BEFORE_COLOUR = _words(
    "yg yang warna wrna màu mau bản con en in the el la los las lo or o atau và y and n & + thì "
    "còn có got get have mine mio mía want need "
    "ambil amik ambik nak nk lấy lay chốt chot sangat tone colour color kaler mix de del with a i "
    "đôi is any ada hay size kak sis trong qua "
    "quiero tapi but pero nhưng keep take send lagi antara"
)
AFTER_COLOUR = _words(
    "one ones pls please for in is still left available ada còn con có co không ko k hông hong ? "
    "me mine plz to and or got shipped can sis ya "
    "dear restock back when size x2 x kak gone tak bang bos mbak nha nhé ạ a hết if kena berapa "
    "brp berape bila hay queda cuánto giá bao "
    "nhiêu how price pun satu dua"
)
CLAIMS = _words(
    "mine mio mío mía fix pls please plz po dear mbak kak ya sis ada masih có còn nha ạ hông ko? "
    "angkut steal taken tersedia"
)
NOT_CODES = _words("b4 m8 l8 h8 u2 w8 g2 h1 h2 q1 q2 q3 q4 q5 q6 q7 q8 q9 q10 q11 q12")
NOT_SIZE_BESIDE = _words("' ’ & . / -")

DOLLARS = _words("us a s nt hk")
TIMES_SIGNS = _words("x +")
SIGNS = frozenset({"", *'?!.,;:()[]+&/"…~💵👀'})
"""Signs that a phrase ends with, and nothing, which stands beyond the ends of a text."""
INSIDE_NUMBERS = frozenset("%.,:/-+")
JOINERS = _words("in en")
MINE = _words("mine mío mio steal")
AGES = _words("meses months bln bulan thn tháng tahun")
GLUED_MEASURES = _words("l g m v")
"""Measures of one letter, which stand right behind their number."""
SHY_MEASURES = _words("pro yrs thn tahun bln th años y kg mini")
"""Measures that make a variant only beside a size or a colour."""
NOT_CODE_LETTERS = CURRENCY_BEFORE | _words("x ip de")
NOT_QUANTITY_BEFORE = _words("no / số so phòng lớp level")
TIME_BEFORE = _words(
    "umur age aged tuổi edad las jam pukul kul thứ thu tháng ngày mùng jln since around about tgl"
)
COUNTED = _words(
    "day days week weeks wk wks month months year years yr yrs min mins minute minutes hr hrs hour "
    "hours am pm th st nd rd km kwh kms miles % "
    "times time días dias semanas meses años horas veces hs h grados abril mayo enero marzo junio "
    "julio agosto jam hari bulan bln thn tahun "
    "menit minit minggu hb kali pagi malam petang detik thb thang tháng năm nam lần lan tiếng "
    "tieng ngày tuan tuần tuoi tuổi phút giờ gio độ "
    "do p sim sao jan feb mar apr jun jul aug sep oct nov dec january february march april june "
    "july august september october november "
    "december o'clock ish - / :"
)
OFTEN = _words("/ a semanales weekly monthly sebulan seminggu cada por")
SHY_UNITS = _words("con")
"""Units that mean other things too: counted only behind a word of buying."""
CLOSES_QUANTITY = _words("kak bang mas om sis ya bun mbak bos min deh aja dulu")
ARTICLES = _words("el la")
LAST_NUMBER_WORDS = _words("satu dua satuuu tiga")
COUNTED_OR_UNITS = COUNTED | UNITS
NO_PRICE_AFTER = COUNTED | MEASURES | UNITS | COLOURS
NO_PRICE_BEFORE = TIME_BEFORE | SIZE_LABELS
TELLING = (
    WHOLE_QUANTITIES
    | HALVES
    | NUMBER_WORDS
    | SIZE_LABELS
    | COLOUR_LABELS
    | SIZES
    | ONE_LETTER_SIZES
    | SIZE_WORDS
    | COLOURS
    | SHADES_BEFORE
    | WHOLE_PRICES
    | ARTICLES
    | FREE_LABELS
    | {"#"}
    | frozenset("abcdefghijklmnopqrstuvwxyz")
)
"""Words that a quantity or a variant may begin with; every slot begins with one of them, with a
number, or with letters before a number.
"""
NOT_WEIGHED_BEFORE = NOT_QUANTITY_BEFORE | _words(
    "bé be em e mập nặng lên giảm down lost lose gained dalam turun naik berat peso bajé xuống "
    "duoc được m cân tăng"
)
