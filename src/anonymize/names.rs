//! What a column's name says of its values, and whether a table's name says that its rows are people.

use super::class::Kind;

/// A name taken apart: `billing_addressLine` -> words [billing, address, line], joined `billingaddressline`.
pub(crate) struct Words {
    pub words: Vec<String>,
    pub joined: String,
}

impl Words {
    pub(crate) fn of(name: &str) -> Words {
        let mut words: Vec<String> = Vec::new();
        let mut word = String::new();
        let mut before_lower = false;
        for c in name.chars() {
            let ends = !c.is_alphanumeric() || (c.is_uppercase() && before_lower);
            if ends && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if c.is_alphanumeric() {
                word.extend(c.to_lowercase());
            }
            before_lower = c.is_lowercase() || c.is_ascii_digit();
        }
        if !word.is_empty() {
            words.push(word);
        }
        let joined = words.concat();
        Words { words, joined }
    }

    pub(crate) fn has(&self, any: &str) -> bool {
        self.words.iter().any(|w| listed(any, w) || listed(any, w.trim_end_matches(|c: char| c.is_ascii_digit())))
    }

    pub(crate) fn last(&self) -> &str {
        self.words.iter().rev().map(String::as_str).find(|w| !w.chars().all(|c| c.is_ascii_digit())).unwrap_or("")
    }

    /// The last word without a trailing number, as `street2` -> `street`.
    fn ends(&self, any: &str) -> bool {
        let last = self.last().trim_end_matches(|c: char| c.is_ascii_digit());
        listed(any, last)
    }

    /// `name`, `ship_name`, `contactname`: the last word is a name.
    pub(crate) fn ends_in_name(&self) -> bool {
        self.joined_ends("name")
    }

    fn joined_ends(&self, any: &str) -> bool {
        let joined = self.joined.trim_end_matches(|c: char| c.is_ascii_digit());
        any.split_whitespace().any(|tail| joined.ends_with(tail))
    }
}

/// Whether the word stands in a list of words set apart by blanks.
fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|w| w == word)
}

/// Singular words for people; plurals in `s` are met by [`is_person_word`].
const PEOPLE: &str = "person people customer client user usr employee staff actor actress patient member provider author \
    contact student teacher doctor physician nurse donor borrower patron subscriber passenger guest \
    visitor applicant candidate tenant driver player coach manager owner buyer seller recipient sender \
    beneficiary policyholder cardholder citizen resident attendee participant speaker instructor lecturer \
    professor mentor child children parent guardian spouse dependent dependant relative friend follower \
    worker personnel technician engineer agent rep representative salesperson salesrep clerk cashier \
    lawyer attorney judge witness suspect victim offender defendant plaintiff inmate prisoner soldier \
    officer voter politician director composer singer musician writer editor reviewer commenter reporter \
    assignee approver requester requestor creator collector referrer practitioner clinician caregiver \
    surgeon dentist therapist lead prospect shopper renter lessee landlord debtor creditor payee signer \
    signatory addressee consignee insured individual human man woman athlete swimmer wrestler pilot crew \
    host hostess trainer trainee apprentice alumnus alumni faculty scientist researcher investigator \
    artist persona cliente usuario empleado paciente alumno utilisateur employe personne eleve kunde \
    kunden benutzer mitarbeiter nutzer schueler pessoa funcionario aluno utente klant klanten medewerker \
    gebruiker dipendente kontakt";

/// Words that may follow a person's in a table's name without changing what a row is.
const TAILS: &str = "profile profiles account accounts address addresses info information detail details data master \
    record records history archive stage staging list log view tbl table base ext extended extension \
    personal contact contacts bio audit old new temp tmp backup dim fact mv directory registry basic main \
    demographics demographic identity identities lifecycle card cards summary report survey message \
    messages note notes";

/// Tables whose rows are organisations or places: what they hold is public, or at least nobody's own.
const ORGANISATIONS: &str = "company companies organization organizations organisation organisations org store stores shop shops \
    branch branches office offices warehouse warehouses payer payers hospital hospitals clinic clinics \
    airport airports station stations hotel hotels restaurant restaurants school schools university \
    universities bank banks library libraries museum stadium venue venues facility facilities site sites \
    shipper shippers publisher publishers manufacturer manufacturers brand brands airline airlines team \
    teams club clubs department departments unit units carrier carriers agency agencies country countries \
    city cities state states region regions care place";

pub(crate) fn is_person_word(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    listed(PEOPLE, word)
        || word.strip_suffix('s').is_some_and(|one| listed(PEOPLE, one))
        || word.strip_suffix("es").is_some_and(|one| listed(PEOPLE, one))
}

/// Whether the rows of the table are people, or belong to one each.
pub(crate) fn is_person_table(name: &Words) -> bool {
    let mut rest = name.words.as_slice();
    while let [start @ .., last] = rest {
        if is_person_word(last) {
            // what belongs to a group of things need not be a person
            return !(last.starts_with("member") && start.last().is_some_and(|w| w == "group" || w == "set"));
        }
        if start.is_empty() || !(listed(TAILS, last) || last.chars().all(|c| c.is_ascii_digit())) {
            break;
        }
        rest = start;
    }
    let joined = name.joined.as_str();
    ["customers", "customer", "employees", "employee", "patients", "patient", "students", "users", "persons", "people"]
        .iter()
        .any(|tail| joined.len() > tail.len() && joined.ends_with(tail))
}

pub(crate) fn is_organisation_table(name: &Words) -> bool {
    listed(ORGANISATIONS, name.last())
}

/// What the name says, whatever the table: `None` where it says nothing about a person.
pub(crate) fn personal_kind(name: &Words) -> Option<Kind> {
    contact_kind(name).or_else(|| number_kind(name)).or_else(|| secret_kind(name)).or_else(|| person_name_kind(name))
}

fn contact_kind(name: &Words) -> Option<Kind> {
    let joined = name.joined.as_str();
    if name.has("email mail correo courriel emailaddress emails mailaddress")
        || name.joined_ends("email emailaddress emailaddr emailid")
    {
        // a flag, a template or a count about mails is no address
        let other = "sent template count verified notify opt subject body type gateway status date";
        return (!name.ends(other)).then_some(Kind::Email);
    }
    if name.has(
        "phone telephone mobile cell cellphone fax telefono telefon telefone tel msisdn handy sms whatsapp \
        gsm phones mobiles pager celular movil extension",
    ) || name.joined_ends("phone phonenumber phoneno telephonenumber mobilenumber faxnumber mobileno")
    {
        let other = "type verified count model brand opt carrier provider id os app";
        return (!name.ends(other)).then_some(Kind::Phone);
    }
    if name.joined_ends(
        "birthdate dateofbirth birthday dob borndate birthdatetime birthyear yearofbirth geburtsdatum \
        fechanacimiento fechadenacimiento datenaissance datanascimento datanascita deathdate dateofdeath \
        deathdatetime monthofbirth dayofbirth birthmonth",
    ) || (name.has("birth born dob naissance nacimiento geburt")
        && !name.has("place city country state weight order rate sex county certificate"))
    {
        return Some(Kind::BirthDate);
    }
    // by whole words: `ship_address` ends in `ipaddress` too
    if name.has("ip ipaddress ipaddr remoteaddr clientip remoteip userip ipv4 ipv6") {
        return Some(Kind::Ip);
    }
    if name.joined_ends("macaddress macaddr") || joined == "mac" {
        return Some(Kind::Mac);
    }
    if name.ends(
        "username usrname login nick nickname handle screenname loginname loginid logon benutzername \
        usuario pseudo twitter skype telegram instagram linkedin facebook slack github",
    ) || name.joined_ends("username usrname loginname screenname useraccountname displayname")
    {
        return Some(Kind::UserName);
    }
    None
}

fn number_kind(name: &Words) -> Option<Kind> {
    if name.joined_ends("creditcard creditcardnumber cardnumber ccnumber cardno ccnum cardnum ccno pan")
        && !name.ends("japan span")
        && (name.joined.len() > 3 || name.joined == "pan")
        && !name.has("library loyalty member span")
    {
        return Some(Kind::Card);
    }
    if name.has("iban") || name.joined_ends("iban") {
        return Some(Kind::Iban);
    }
    if name.joined_ends(
        "accountnumber accountno acctno acctnum acctnumber bankaccount accountnum routingnumber sortcode \
        bic swift kontonummer vendacct",
    ) && name.joined != "public"
        && name.joined != "arabic"
        && !name.words.iter().any(|w| w.ends_with("bic") && w.len() > 3)
    {
        return Some(Kind::Account);
    }
    if name.has(
        "ssn ssns passport nino curp cpf cnpj dni nif nie bsn pesel aadhaar sin rfc npi mrn itin tin \
        personnummer nric rut ein drivers licence license",
    ) && !name.has("type plate software url key country status code id")
        || name.joined_ends(
            "socialsecuritynumber socialsecurity passportnumber passportno nationalid taxid taxnumber \
            vatnumber driverslicense driverlicense licensenumber licencenumber medicalrecordnumber \
            nationalidnumber identvalue identvalue2 personalnumber personalid idnumber idcard dea \
            federaltaxid licenseplate membernumber employeenumber patientnumber studentnumber \
            policynumber memberid governmentid vin",
        )
    {
        let other = name.words.iter().any(|w| w == "idea" || w == "ideas");
        return (!other).then_some(Kind::NationalId);
    }
    if name.joined_ends("latitude lat geolat")
        && (name.ends("lat latitude geolat") || name.joined.ends_with("latitude"))
    {
        return Some(Kind::Latitude);
    }
    if name.ends("lon lng long longitude geolon geolng") || name.joined.ends_with("longitude") {
        return Some(Kind::Longitude);
    }
    if name.ends("coordinates coords coordinate latlon latlng geolocation gps geopoint geo") {
        return Some(Kind::Coordinates);
    }
    None
}

fn secret_kind(name: &Words) -> Option<Kind> {
    let direct = name.ends(
        "password passwd pwd passphrase secret token apikey salt otp cvv cvc cvv2 hash credential \
        credentials passcode cookie jwt privatekey pin contrasena passwort senha digest signature seed \
        totp passhash",
    ) || name.joined_ends(
        "apikey accesskey secretkey privatekey sessionkey sessionid accesstoken refreshtoken passwordhash \
        passwordsalt authkey encryptionkey securityanswer resettoken paymentauth",
    ) || name.has("password passwd");
    let about = name.ends("type count at date time expires expiry length policy changed hint");
    (direct && !about).then_some(Kind::Secret)
}

fn person_name_kind(name: &Words) -> Option<Kind> {
    if name.joined_ends(
        "firstname givenname forename fname vorname prenom middlename secondname nombres firstnames \
        primernombre middleinitial secondgivenname voornaam namefirst namegiven namemiddle",
    ) || matches!(name.joined.as_str(), "first" | "middle" | "given" | "initials" | "mname")
    {
        return Some(Kind::FirstName);
    }
    if name.joined_ends(
        "lastname surname familyname lname nachname apellido apellidos sobrenome cognome maidenname \
        achternaam nomfamille nomdefamille namelast namefamily familienname",
    ) || matches!(name.joined.as_str(), "last" | "maiden" | "family")
    {
        return Some(Kind::LastName);
    }
    if name.joined_ends(
        "fullname personname contactname customername clientname employeename patientname studentname \
        ownername authorname membername guestname recipientname cardholdername holdername cardholder \
        nameoncard contactperson managername sellername buyername attention nomcomplet legalname \
        guardianname spousename emergencycontact actorname directorname staffname providername drivername \
        playername passengername subscribername doctorname teachername",
    ) {
        return Some(Kind::FullName);
    }
    None
}

/// Address parts: whose they are decides whether they are personal.
pub(crate) fn place_kind(name: &Words) -> Option<Kind> {
    if name.has("postcode postalcode zip zipcode plz pincode postal")
        || name.joined_ends("postcode postalcode zipcode codigopostal codepostal zip5 zip9")
    {
        return (!name.has("file archive gzip")).then_some(Kind::PostalCode);
    }
    if name.ends(
        "address addr street street1 street2 strasse straße adresse direccion endereco indirizzo calle rue \
        via apartment apt housenumber adres domicilio neighborhood addresses",
    ) || name.joined_ends(
        "address addressline streetname streetaddress streetnumber housenumber addrline addressline1 \
        addressline2 homeaddress shipto billto",
    ) || (name.has("address street") && name.ends("line full text number name"))
    {
        return (name.joined != "shipvia" && name.joined != "via").then_some(Kind::Street);
    }
    if name.ends(
        "city town ville ciudad stadt cidade citta ort wohnort village municipality suburb birthplace \
        hometown locality comune gemeinde plaats woonplaats",
    ) || name.joined_ends("cityname birthplace placeofbirth")
    {
        return Some(Kind::City);
    }
    None
}

/// Columns that hold prose.
pub(crate) fn is_prose(name: &Words) -> bool {
    name.ends(
        "note notes comment comments description message messages body bio biography summary memo remark \
        remarks review feedback reason content text abstract details desc narrative about observation \
        complaint transcript answer question instructions statement explanation synopsis plot descripcion \
        comentario bemerkung beschreibung snippet caption anamnesis history",
    ) || name.joined_ends("freetext notetext reasonfor description comments")
}

pub(crate) fn is_description(name: &Words) -> bool {
    name.ends("description desc text reason summary") || name.joined_ends("description")
}

/// Words shared by everybody: places that are no address, languages, units.
pub(crate) fn is_vocabulary(name: &Words) -> bool {
    name.ends(
        "country state province region county nation nationality continent language lang locale currency \
        timezone tz gender sex race ethnicity religion marital uom prefix suffix salutation honorific \
        pais land pays paese courtesy abbr iso2 iso3 weekday color colour mime district",
    ) || name.joined_ends(
        "countrycode statecode regioncode countryname statename regionname currencycode languagecode \
        maritalstatus mimetype",
    )
}

/// Facts about a person that many share.
pub(crate) fn is_trait(name: &Words) -> bool {
    name.has(
        "gender sex race ethnicity religion marital nationality disability salary wage income age weight \
        height blood diagnosis county state province region country birthplace citizenship orientation \
        party caste",
    )
}

/// Names and titles of things.
pub(crate) fn is_label(name: &Words) -> bool {
    name.ends(
        "name title label subject headline caption nombre nom naam nome titel titulo titre company brand \
        model publisher manufacturer vendor supplier organization organisation employer display heading",
    ) || name.joined.ends_with("name")
}

/// A text column named after somebody: `created_by`, `author`, `assignee`.
pub(crate) fn names_somebody(name: &Words) -> bool {
    let tail_by = name.words.len() > 1
        && name.last() == "by"
        && name.has(
            "created updated modified changed approved reviewed entered edited assigned written posted \
            submitted requested sold signed deleted reported owned",
        );
    tail_by
        || (is_person_word(name.last())
            && !matches!(
                name.last(),
                "lead" | "host" | "contact" | "staff" | "provider" | "parent" | "child" | "children" | "agent" | "unit"
            ))
}

pub(crate) fn is_picture(name: &Words) -> bool {
    name.has("photo picture image avatar portrait fingerprint signature scan biometric selfie img")
}

pub(crate) fn is_url(name: &Words) -> bool {
    name.ends("url uri link href website homepage site web webpage blog") || name.joined_ends("url website homepage")
}

/// Codes and numbers printed on things, and identifiers held as text.
pub(crate) fn is_code(name: &Words) -> bool {
    name.ends(
        "code id key number no num nr sku isbn issn upc ean barcode ref reference uid guid uuid serial tag \
        slug identifier symbol udi imei oid ident",
    ) || name.joined_ends("code number barcode")
}
