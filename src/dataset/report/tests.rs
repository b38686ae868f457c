use super::*;

#[test]
fn numbers_are_written_as_numeric_reads_them() {
    for (value, text) in
        [(Some(0.0), "0"), (Some(120.0), "120"), (Some(0.125), "0.125"), (Some(0.000_012_5), "0.0000125")]
    {
        assert_eq!(Row::new("x", "y", value, "").number().as_deref(), Some(text));
    }
    assert_eq!(Row::new("x", "y", None, "").number(), None);
    assert_eq!(Row::new("x", "y", Some(f64::NAN), "").number(), None);
}
