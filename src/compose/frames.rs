//! The sentences that a request is put into, by style. `{}` is what is asked for: a noun phrase, or in the lists of
//! clauses an indirect question. Short ones prevail, as among people.

pub(super) type Frames = &'static [&'static str];

/// Before a list of things.
pub(super) const SHOW: Frames = &[
    "Show {}.", "List {}.", "Show me {}.", "Give me {}.", "Return {}.", "Find {}.", "Display {}.", "Get {}.",
    "Look up {}.", "Pull up {}.", "Retrieve {}.", "Find me {}.", "Provide {}.", "Please list {}.", "Please show {}.",
    "Get me {}.",
];
/// Before figures.
pub(super) const TELL: Frames = &[
    "Show {}.", "Give {}.", "Report {}.", "Calculate {}.", "Work out {}.", "Determine {}.", "Compute {}.",
    "Tell me {}.", "Return {}.", "Find {}.", "Get {}.", "Provide {}.", "Show me {}.", "Find out {}.", "Give me {}.",
    "Display {}.", "Look up {}.", "Let me know {}.", "Please give {}.", "Please show {}.",
];
pub(super) const FORMAL: Frames = &[
    "Please provide {}.",
    "Please report {}.",
    "Please let us have {}.",
    "Please give us {}.",
    "Could you please provide {}?",
    "For our records, please provide {}.",
    "We would like to see {}.",
    "Would you please provide {}?",
    "Would you kindly provide {}?",
    "Our department needs {}.",
    "Could you please send us {}?",
    "Kindly provide {}.",
];
pub(super) const COLLOQUIAL: Frames = &[
    "Can you get me {}?",
    "Can you find {}?",
    "Could you give me {}?",
    "Could I get {}?",
    "I want to see {}.",
    "Can someone send me {}?",
    "Would you find me {}?",
    "I'd like to see {}.",
    "Could you show me {}?",
    "Can you pull up {}?",
    "Hey, can I have {}?",
    "Let me see {}.",
    "Would you look up {}?",
    "Can we get {}?",
    "Can you show me {}?",
    "I need {}.",
    "Can you look up {}?",
    "I'd like {}.",
];
pub(super) const DESCRIPTIVE: Frames = &[
    "I am looking for {}.",
    "We want to see {}.",
    "For a report, I need {}.",
    "I am interested in {}.",
    "We need {}.",
    "I need {}.",
    "We would like {}.",
    "For an overview, I need {}.",
    "My manager has asked for {}.",
    "I would like to see {}.",
    "We are looking for {}.",
    "I want {}.",
    "For our monthly report, we need {}.",
];
pub(super) const TECHNICAL: Frames = &[
    "Write a query that returns {}.",
    "Write SQL for {}.",
    "Give me a query for {}.",
    "Retrieve {}.",
    "Fetch {}.",
    "Run a query for {}.",
    "Extract {}.",
    "Write a query for {}.",
    "I need a query that returns {}.",
    "Return {}.",
    "Write an SQL query to get {}.",
];
/// A question may follow these as it is.
pub(super) const LEADS: Frames = &[
    "", "", "", "So ", "Hey, ", "Just wondering: ", "Out of curiosity, ", "Quick question: ", "Hi, ", "Tell me, ",
    "Remind me: ",
];
/// Frames for a question within another sentence.
pub(super) const IMPERATIVE_CLAUSE: Frames = &[
    "Tell me {}.", "Find out {}.", "Work out {}.", "Look up {}.", "Let me know {}.", "Determine {}.", "Figure out {}.",
    "Show {}.", "Show me {}.",
];
pub(super) const FORMAL_CLAUSE: Frames = &[
    "We would like to know {}.",
    "Kindly let us know {}.",
    "Could you please tell us {}?",
    "Please indicate {}.",
    "May we know {}?",
    "Please let us know {}.",
    "Could you tell us {}?",
];
pub(super) const COLLOQUIAL_CLAUSE: Frames = &[
    "Do you know {}?", "Any idea {}?", "Can you tell me {}?", "I wonder {}.", "Could you see {}?",
    "I'd love to know {}.", "Can you check {}?", "Do we know {}?", "Can you find out {}?",
];
pub(super) const DESCRIPTIVE_CLAUSE: Frames = &[
    "We are trying to find out {}.",
    "I need to know {}.",
    "I would like to find out {}.",
    "We want to know {}.",
    "For a report, I need to know {}.",
    "I am trying to work out {}.",
];
/// Before "whether".
pub(super) const CHECK_TECHNICAL: Frames =
    &["Write a query that checks {}.", "Check in SQL {}.", "Write a query that tells {}.", "Return {}."];
/// Before what is to be counted.
pub(super) const COUNT: Frames = &["Count {}."];
pub(super) const COUNT_FORMAL: Frames = &["Please count {}."];
pub(super) const COUNT_COLLOQUIAL: Frames = &["Can you count {}?", "Could you count {}?", "Would you count {}?"];
pub(super) const COUNT_TECHNICAL: Frames =
    &["Write a query that counts {}.", "Write SQL to count {}.", "Return the number of {}."];
