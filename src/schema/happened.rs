//! What a time is called after what happened then: `created_at` is the creation time.

/// "created" -> "creation", as people say it of a time.
pub(super) fn moment(word: &str) -> String {
    let noun = match word {
        "acquired" => "acquisition",
        "admitted" => "admission",
        "approved" => "approval",
        "arrived" => "arrival",
        "booked" => "booking",
        "born" => "birth",
        "borrowed" => "borrowing",
        "built" => "construction",
        "cancelled" | "canceled" => "cancellation",
        "closed" => "closing",
        "completed" => "completion",
        "confirmed" => "confirmation",
        "created" => "creation",
        "deleted" => "deletion",
        "delivered" => "delivery",
        "departed" => "departure",
        "diagnosed" => "diagnosis",
        "died" => "death",
        "discharged" => "discharge",
        "ended" | "ends" => "end",
        "entered" => "entry",
        "enrolled" => "enrolment",
        "exited" => "exit",
        "expires" | "expired" => "expiry",
        "founded" => "foundation",
        "hired" => "hire",
        "installed" => "installation",
        "issued" => "issue",
        "joined" => "joining",
        "launched" => "launch",
        "left" => "leaving",
        "licensed" => "licensing",
        "loaded" => "loading",
        "opened" => "opening",
        "ordered" => "order",
        "paid" => "payment",
        "posted" => "posting",
        "prescribed" => "prescription",
        "published" => "publication",
        "purchased" => "purchase",
        "received" => "receipt",
        "refunded" => "refund",
        "registered" => "registration",
        "released" => "release",
        "resolved" => "resolution",
        "renewed" => "renewal",
        "reported" => "report",
        "retired" => "retirement",
        "returned" => "return",
        "reviewed" => "review",
        "sent" => "sending",
        "shipped" => "shipping",
        "signed" => "signing",
        "sold" => "sale",
        "started" | "starts" | "begins" => "start",
        "submitted" => "submission",
        "updated" | "modified" | "changed" => "last update",
        other => other,
    };
    noun.to_owned()
}

/// What was paid: "paid_by_payer" is the amount paid by the payer, "paid_dispensing_fee" the dispensing fee paid; and what
/// was not: "outstanding".
pub(super) fn paid(words: &[String]) -> Option<String> {
    if matches!(words, [one] if one == "outstanding") {
        return Some("outstanding amount".to_owned());
    }
    const SUMS: [&str; 7] = ["amount", "fee", "cost", "copay", "coinsurance", "deductible", "premium"];
    let what = words.strip_prefix(&["paid".to_owned()])?.join(" ");
    if what.starts_with("by ") {
        return Some(format!("amount paid {what}"));
    }
    SUMS.iter().any(|end| what.ends_with(end)).then(|| format!("{what} paid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_paid_is_an_amount() {
        let of = |name: &str| paid(&name.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("paid by payer").as_deref(), Some("amount paid by payer"));
        assert_eq!(of("paid dispensing fee").as_deref(), Some("dispensing fee paid"));
        assert_eq!(of("outstanding").as_deref(), Some("outstanding amount"));
        assert_eq!((of("paid users"), of("paid"), of("fee paid")), (None, None, None));
    }
}
