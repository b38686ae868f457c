//! The sentences that a request is put into, by style. `{}` is what is asked for: a noun phrase, or in the lists of
//! clauses an indirect question. Short ones prevail, as among people.

pub(super) type Frames = &'static [&'static str];

/// Before a list of things.
pub(super) const SHOW: Frames = &[
    "Show {}.", "List {}.", "Show me {}.", "Give me {}.", "Return {}.", "Find {}.", "Display {}.", "Get {}.",
    "Look up {}.", "Pull up {}.", "Retrieve {}.", "Identify {}.", "Find me {}.", "Pick out {}.",
    "Produce a list of {}.", "Make a list of {}.", "Search for {}.", "Locate {}.", "List out {}.", "Please list {}.",
];
/// Before figures.
pub(super) const TELL: Frames = &[
    "Show {}.", "Give {}.", "Report {}.", "Calculate {}.", "Work out {}.", "Determine {}.", "Compute {}.",
    "Tell me {}.", "Return {}.", "Find {}.", "Get {}.", "Provide {}.", "Show me {}.", "State {}.", "Present {}.",
    "Figure out {}.", "Find out {}.", "Give me {}.", "Display {}.", "Summarize {}.", "Look up {}.", "Check {}.",
    "Let me know {}.", "Tabulate {}.", "Please give {}.",
];
pub(super) const FORMAL: Frames = &[
    "Please provide {}.",
    "Please report {}.",
    "Kindly list {}.",
    "We require {}.",
    "Please determine {}.",
    "Please state {}.",
    "For our records, provide {}.",
    "We request {}.",
    "Please compile {}.",
    "The board would like {}.",
    "Would you please provide {}?",
    "We kindly request {}.",
    "Our department needs {}.",
    "Could you please supply {}?",
    "Kindly send us {}.",
];
pub(super) const COLLOQUIAL: Frames = &[
    "Can you get me {}?",
    "Can you find {}?",
    "Could you give me {}?",
    "Could I get {}?",
    "Do you have {}?",
    "I want {}.",
    "Can someone send me {}?",
    "Would you find me {}?",
    "I'd like to see {}.",
    "Could you show me {}?",
    "Can you pull up {}?",
    "Hey, can I have {}?",
    "I'm curious about {}.",
    "Let me see {}.",
    "Would you look up {}?",
    "Can we get {}?",
    "Let's have {}.",
    "Let's look at {}.",
    "I need {}.",
    "I was wondering about {}.",
    "Fetch {} for me.",
    "Grab me {}.",
];
pub(super) const DESCRIPTIVE: Frames = &[
    "I am looking for {}.",
    "The overview should show {}.",
    "We want to see {}.",
    "For a report, I need {}.",
    "My team wants {}.",
    "I am interested in {}.",
    "Needed: {}.",
    "We need {}.",
    "I need {}.",
    "We want {}.",
    "I want {}.",
    "We are after {}.",
    "We would like {}.",
    "What I want is {}.",
    "Our client asked for {}.",
];
pub(super) const TECHNICAL: Frames = &[
    "Write a query that returns {}.",
    "Query {}.",
    "Write SQL for {}.",
    "SQL to get {}.",
    "Which SQL returns {}?",
    "Give me a query for {}.",
    "Retrieve {}.",
    "Select {}.",
    "Fetch {}.",
    "Run a query for {}.",
    "Extract {}.",
    "From the database, return {}.",
    "Output {}.",
    "SQL for {}.",
    "Give the SQL for {}.",
    "I need SQL that gets {}.",
    "In SQL, get {}.",
    "Query the database for {}.",
];
/// A question may follow these as it is.
pub(super) const LEADS: Frames = &[
    "", "", "So ", "Hey, ", "Just wondering: ", "Out of curiosity, ", "Quick question: ", "Hi, ", "By the way, ",
    "Okay, ", "Well, ", "Tell me, ", "Remind me: ", "One thing: ",
];
/// Frames for a question within another sentence.
pub(super) const IMPERATIVE_CLAUSE: Frames = &[
    "Tell me {}.", "Find out {}.", "Check {}.", "Say {}.", "Work out {}.", "Look up {}.", "Let me know {}.",
    "Determine {}.", "Figure out {}.", "Show {}.", "Report {}.", "See {}.",
];
pub(super) const FORMAL_CLAUSE: Frames = &[
    "Please state {}.",
    "We would like to know {}.",
    "Kindly let us know {}.",
    "Could you inform us {}?",
    "Please indicate {}.",
    "Please clarify {}.",
    "May we know {}?",
    "Kindly specify {}.",
];
pub(super) const COLLOQUIAL_CLAUSE: Frames = &[
    "Do you know {}?", "Any idea {}?", "Can you tell me {}?", "I wonder {}.", "Remind me {}.", "Could you see {}?",
    "I'd love to know {}.", "Can you check {}?", "Do we know {}?",
];
pub(super) const DESCRIPTIVE_CLAUSE: Frames = &[
    "We are trying to find out {}.",
    "The report should say {}.",
    "I need to know {}.",
    "My manager keeps asking {}.",
    "Before the meeting I have to know {}.",
    "I have been asked {}.",
    "The question is {}.",
];
/// Before what is to be counted.
pub(super) const COUNT: Frames = &["Count {}.", "Count up {}.", "Count all {}.", "Tally {}."];
pub(super) const COUNT_FORMAL: Frames = &["Please count {}.", "Kindly count {}."];
pub(super) const COUNT_COLLOQUIAL: Frames =
    &["Can you count {}?", "Could you count up {}?", "Let's count {}.", "Would you count {}?", "Just count {}."];
pub(super) const COUNT_TECHNICAL: Frames = &["SQL to count {}.", "Query the count of {}."];
