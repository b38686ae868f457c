//! What a column holds, as far as hiding it is concerned.

/// What the values of a column (or of a jsonb leaf, or an array's elements) are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    FullName,
    FirstName,
    LastName,
    /// Login, nick, handle.
    UserName,
    Email,
    Phone,
    /// Street with or without a number, a whole postal address, a flat.
    Street,
    City,
    PostalCode,
    Latitude,
    Longitude,
    /// A `point` or a text "lat,lon".
    Coordinates,
    /// Date or year of birth or death.
    BirthDate,
    /// Social security, passport, tax, licence, patient or member number.
    NationalId,
    /// Payment card: digits with a Luhn check digit.
    Card,
    Iban,
    /// Account number without a check that could be kept.
    Account,
    Ip,
    Mac,
    Url,
    /// Password, token, key, salt, hash of one.
    Secret,
    /// Notes, comments, messages, long descriptions.
    FreeText,
    /// Picture, signature, document: bytes.
    Binary,
    /// Identifier that a person may have chosen or that can be looked up: text keys, uuids.
    OpaqueKey,
    /// Name or title of a thing: film, product, company.
    Label,
    /// Short code with a pattern: SKU, ISBN, call number.
    Code,
    /// Country, state, language, currency: words that everybody shares.
    Vocabulary,
    /// Few values, each of many rows, or an enum's or boolean's.
    Category,
    Number,
    /// Whole number that identifies a row, or points to one.
    IntegerKey,
    Date,
    Time,
    Json,
    /// Type that nlsql does not know how to fake.
    Unknown,
}

/// What [`super::classify`] says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    pub kind: Kind,
    /// Tells who a person is, or is theirs alone: no value of it ever stands in a pair, a prompt or an export.
    pub personal: bool,
    /// Does not tell by itself, but narrows down: city, postal code, gender of a person. Shared values may be shown.
    pub quasi: bool,
}

impl Class {
    pub(crate) fn new(kind: Kind) -> Class {
        Class { kind, personal: kind.always_personal(), quasi: false }
    }

    pub(crate) fn personal(kind: Kind) -> Class {
        Class { kind, personal: true, quasi: false }
    }

    pub(crate) fn quasi(kind: Kind) -> Class {
        Class { kind, personal: false, quasi: true }
    }
}

impl Kind {
    /// Personal wherever it stands; other kinds depend on whose they are.
    pub(crate) fn always_personal(self) -> bool {
        use Kind::*;
        matches!(
            self,
            FullName
                | FirstName
                | LastName
                | UserName
                | Email
                | Phone
                | BirthDate
                | NationalId
                | Card
                | Iban
                | Account
                | Ip
                | Mac
                | Secret
                | FreeText
        )
    }

    /// The word for it in `nlsql.column_policy` and in findings.
    pub(crate) fn word(self) -> &'static str {
        use Kind::*;
        match self {
            FullName => "full_name",
            FirstName => "first_name",
            LastName => "last_name",
            UserName => "user_name",
            Email => "email",
            Phone => "phone",
            Street => "street",
            City => "city",
            PostalCode => "postal_code",
            Latitude => "latitude",
            Longitude => "longitude",
            Coordinates => "coordinates",
            BirthDate => "birth_date",
            NationalId => "national_id",
            Card => "card",
            Iban => "iban",
            Account => "account",
            Ip => "ip",
            Mac => "mac",
            Url => "url",
            Secret => "secret",
            FreeText => "free_text",
            Binary => "binary",
            OpaqueKey => "opaque_key",
            Label => "label",
            Code => "code",
            Vocabulary => "vocabulary",
            Category => "category",
            Number => "number",
            IntegerKey => "integer_key",
            Date => "date",
            Time => "time",
            Json => "json",
            Unknown => "unknown",
        }
    }

    /// Inverse of [`Kind::word`].
    pub(crate) fn from_word(word: &str) -> Option<Kind> {
        use Kind::*;
        const ALL: &[Kind] = &[
            FullName, FirstName, LastName, UserName, Email, Phone, Street, City, PostalCode, Latitude, Longitude,
            Coordinates, BirthDate, NationalId, Card, Iban, Account, Ip, Mac, Url, Secret, FreeText, Binary, OpaqueKey,
            Label, Code, Vocabulary, Category, Number, IntegerKey, Date, Time, Json, Unknown,
        ];
        ALL.iter().copied().find(|kind| kind.word() == word)
    }
}
