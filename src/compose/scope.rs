//! The tables that one query joins: their aliases, the ways between them, and what a field is called from the subject.

use super::flag;
use super::reference::{edge_noun, reference};
use super::tree::{Expr, Join, JoinKind, Select, Source, fill};
use super::ways::{ways_to, ways_within};
use super::world::{Entity, Field, World};
use crate::schema::model::quote_ident;
use crate::schema::roles::Role;
use crate::schema::{grammar, words};

/// A field of a joined table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub node: usize,
    pub field: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub entity: usize,
    pub alias: String,
    /// Joined to this node by this edge; `true` = from child up to parent.
    pub via: Option<(usize, usize, bool)>,
    pub kind: JoinKind,
}

/// Node 0 is the subject: the rows that the question is about.
#[derive(Debug, Clone)]
pub(super) struct Scope<'w> {
    pub world: &'w World,
    pub nodes: Vec<Node>,
    /// Bounds are as fine as the data, and no round ones: those are used up in a run of many pairs.
    pub fine: bool,
}

impl<'w> Scope<'w> {
    pub(super) fn new(world: &'w World, subject: usize) -> Scope<'w> {
        let alias = world.entities[subject].alias.clone();
        Scope { world, nodes: vec![Node { entity: subject, alias, via: None, kind: JoinKind::Inner }], fine: false }
    }

    /// One table under an alias that was given elsewhere.
    pub(super) fn alone(world: &'w World, entity: usize, alias: &str) -> Scope<'w> {
        let mut scope = Scope::new(world, entity);
        scope.nodes[0].alias = alias.to_owned();
        scope
    }

    /// Of another table.
    pub(super) fn anew(&self, subject: usize) -> Scope<'w> {
        Scope { fine: self.fine, ..Scope::new(self.world, subject) }
    }

    /// One of its tables by itself.
    pub(super) fn part(&self, node: usize) -> Scope<'w> {
        Scope { fine: self.fine, ..Scope::alone(self.world, self.nodes[node].entity, &self.nodes[node].alias) }
    }

    pub(super) fn entity(&self, node: usize) -> &'w Entity {
        &self.world.entities[self.nodes[node].entity]
    }

    pub(super) fn field(&self, place: Place) -> &'w Field {
        &self.entity(place.node).fields[place.field]
    }

    pub(super) fn subject(&self) -> &'w Entity {
        self.entity(0)
    }

    /// Joins the table at the other end of an edge, once.
    pub(super) fn join(&mut self, from: usize, edge: usize, up: bool, kind: JoinKind) -> usize {
        if let Some(known) = self.nodes.iter().position(|n| n.via == Some((from, edge, up))) {
            return known;
        }
        let e = &self.world.graph.edges[edge];
        let entity = if up { e.parent } else { e.child };
        let base = self.world.entities[entity].alias.clone();
        let mut alias = base.clone();
        let mut n = 2;
        while self.nodes.iter().any(|node| node.alias == alias) {
            alias = format!("{base}{n}");
            n += 1;
        }
        self.nodes.push(Node { entity, alias, via: Some((from, edge, up)), kind });
        self.nodes.len() - 1
    }

    pub(super) fn column(&self, place: Place) -> Expr {
        self.named(place.node, &self.field(place).name)
    }

    pub(super) fn named(&self, node: usize, column: &str) -> Expr {
        Expr::Column(self.nodes[node].alias.clone(), column.to_owned())
    }

    /// Whether a join leaves rows out that refer to nothing: a whole of them would have to say so.
    pub(super) fn drops(&self) -> bool {
        self.nodes
            .iter()
            .any(|n| n.kind == JoinKind::Inner && n.via.is_some_and(|v| self.world.graph.edges[v.1].optional))
    }

    /// Whether rows may have none of it.
    pub(super) fn optional(&self, node: usize) -> bool {
        let mut at = node;
        while let Some((from, edge, _)) = self.nodes[at].via {
            if self.nodes[at].kind == JoinKind::Left || self.world.graph.edges[edge].optional {
                return true;
            }
            at = from;
        }
        false
    }

    /// FROM and JOIN clauses.
    pub(super) fn select(&self) -> Select {
        let source = |n: &Node| Source::Table(self.world.entities[n.entity].sql.clone(), n.alias.clone());
        let joins = self.nodes.iter().enumerate().skip(1).map(|(i, node)| Join {
            kind: node.kind,
            source: source(node),
            on: self.on(i),
        });
        Select { from: self.nodes.first().map(source), joins: joins.collect(), ..Select::default() }
    }

    /// FROM and JOIN clauses with no more tables than these fields take.
    pub(super) fn through(&self, places: &[Place]) -> Select {
        let mut needed = vec![false; self.nodes.len()];
        for place in places {
            let mut at = place.node;
            while let Some((from, ..)) = self.nodes[at].via {
                needed[at] = true;
                at = from;
            }
        }
        let mut query = self.select();
        let mut needed = needed.into_iter().skip(1);
        query.joins.retain(|_| needed.next().unwrap_or(true));
        query
    }

    /// The join condition of a node.
    pub(super) fn on(&self, node: usize) -> Option<Expr> {
        let (from, edge, up) = self.nodes[node].via?;
        let e = &self.world.graph.edges[edge];
        let (near, far) =
            if up { (&e.child_columns, &e.parent_columns) } else { (&e.parent_columns, &e.child_columns) };
        let mut parts = Vec::new();
        let mut template = Vec::new();
        for (a, b) in near.iter().zip(far) {
            parts.push(self.named(node, b));
            parts.push(self.named(from, a));
            template.push("{} = {}");
        }
        Some(fill(&template.join(" AND "), parts))
    }

    /// All rows of the subject lead to one row of a joined table, as films that are all in one language: nothing of it
    /// tells them apart.
    pub(super) fn constant(&self, node: usize) -> bool {
        let mut at = node;
        while let Some((from, edge, up)) = self.nodes[at].via {
            let e = &self.world.graph.edges[edge];
            let child = &self.world.entities[e.child];
            let single = |column: &String| child.fields.iter().any(|f| f.name == *column && f.distinct <= 1);
            if up && child.rows > 0 && e.child_columns.iter().all(single) {
                return true;
            }
            at = from;
        }
        false
    }

    /// What one row of a joined table is called: the role it plays for the subject.
    pub(super) fn role_noun(&self, node: usize) -> String {
        let Some((from, edge, up)) = self.nodes[node].via else { return self.subject().one.clone() };
        let own = if up { edge_noun(self.world, edge) } else { self.entity(node).one.clone() };
        // whose manager it is has to be said
        let e = &self.world.graph.edges[edge];
        if from != 0 && up && e.child == e.parent {
            return format!("{} {own}", grammar::possessive(&self.role_noun(from)));
        }
        // "store manager" of customers, who have none of their own; a "support representative" says enough
        let told = own.contains(' ') && !self.has_own(&own);
        if from != 0
            && up
            && self.entity(node).person
            && own != self.entity(node).one
            && !self.entity(from).bridge
            && !told
        {
            let whose = self.role_noun(from);
            return if whose.contains(' ') {
                format!("{} {own}", grammar::possessive(&whose))
            } else {
                format!("{whose} {own}")
            };
        }
        // whose base airport it is has to be said, and of which term it is the kind
        let whose = self.entity(from).person && own != self.entity(node).one
            || super::sense::hub(self.world, self.nodes[from].entity);
        if from != 0 && up && whose && !own.contains('\'') {
            return format!("{} {own}", grammar::possessive(&self.role_noun(from)));
        }
        // the same kind of thing by two ways has to be told apart: by the last thing on the way that leaves no choice
        let target = self.nodes[node].entity;
        if from == 0 || !up || self.entity(from).bridge {
            return own;
        }
        // what is the manager's may be the employee's too
        if self.nodes[from].entity == self.nodes[0].entity {
            return format!("{} {own}", grammar::possessive(&self.role_noun(from)));
        }
        if ways_to(self.world, self.nodes[0].entity, target) <= 1 || self.nearest(node) {
            return own;
        }
        let mut near = from;
        let mut at = from;
        while at != 0 && !self.entity(at).bridge {
            if ways_to(self.world, self.nodes[at].entity, target) == 1 {
                near = at;
            }
            let Some((before, ..)) = self.nodes[at].via else { break };
            at = before;
        }
        format!("{} {own}", grammar::possessive(&self.role_noun(near)))
    }

    /// Whether the subject refers to something of that name itself.
    fn has_own(&self, noun: &str) -> bool {
        self.world.graph.parents(self.nodes[0].entity).iter().any(|&e| edge_noun(self.world, e) == noun)
    }

    /// Whether no other way leads as directly to the same kind of thing: of a customer's country the one is meant where
    /// the customer lives, and not that of the customer's store.
    fn nearest(&self, node: usize) -> bool {
        // what happens to people happens elsewhere than where they live
        let of = self.nodes[node].via.map_or(0, |via| via.0);
        let home = self.entity(of).person && super::taste::spot(self.world, self.nodes[node].entity);
        if home && of != 0 {
            return false;
        }
        let (mut at, mut steps) = (node, 0);
        while let Some((from, _, up)) = self.nodes[at].via {
            if !up || self.entity(from).bridge {
                return false;
            }
            (at, steps) = (from, steps + 1);
        }
        let (from, to) = (self.nodes[0].entity, self.nodes[node].entity);
        let shorter = ways_within(self.world, from, to, steps - 1);
        shorter == 0 && ways_within(self.world, from, to, steps) == 1
    }

    /// Whether no other joined thing has a field of that name.
    fn only(&self, place: Place) -> bool {
        let stem = &self.field(place).stem;
        let nodes = 0..self.nodes.len();
        nodes.filter(|&n| n != place.node).all(|n| self.entity(n).fields.iter().all(|f| f.stem != *stem))
    }

    /// What a field's value is called where its rows have just been named: "description" of films.
    pub(super) fn bare(&self, place: Place) -> String {
        if place.node != 0 {
            return self.owned(place);
        }
        match reference(self.world, self.nodes[0].entity, &self.field(place).name) {
            Some(edge) => edge_noun(self.world, edge),
            None if self.field(place).role() == Role::Name && !self.field(place).traits.personal => {
                own_name(self.subject(), flag::noun(self.field(place)))
            }
            None => flag::noun(self.field(place)),
        }
    }

    /// What is shown of a field: of a thing that is referred to its key, which is no thing.
    pub(super) fn shown(&self, place: Place) -> String {
        let noun = self.bare(place);
        let key = self.field(place).role() == Role::Key && !noun.ends_with("ID");
        if key { format!("{noun} ID") } else { noun }
    }

    /// What a field's value is called where figures are broken down by it: "destination country" of order lines, where
    /// no other thing that is spoken of has one.
    pub(super) fn noun(&self, place: Place) -> String {
        let owned = self.owned(place);
        let told = place.node == 0
            || owned.contains('\'')
            || self.field(place).role() != Role::Dimension
            || self.entity(place.node).label.contains(&place.field);
        let plain = flag::noun(self.field(place));
        if !told && plain.contains(' ') && owned.ends_with(&plain) && self.only(place) { plain } else { owned }
    }

    /// What a field's value is called: "rental rate", "film length", "country".
    fn owned(&self, place: Place) -> String {
        let field = self.field(place);
        let entity = self.entity(place.node);
        let plain = match reference(self.world, self.nodes[place.node].entity, &field.name) {
            Some(edge) => edge_noun(self.world, edge),
            None => flag::noun(field),
        };
        if place.node == 0 && plain == entity.one && !field.traits.personal {
            return format!("{plain} name");
        }
        if place.node == 0 {
            return own_noun(entity, &plain);
        }
        let role = self.role_noun(place.node);
        // what is of one's address is one's own
        if role == "address" && self.nodes[place.node].via.is_some_and(|v| v.0 == 0) && self.only(place) {
            return plain;
        }
        if entity.label == [place.field] {
            let last = plain.rsplit(' ').next().unwrap_or("");
            // "film title" says more than "film", "country name" no more than "country"
            return if matches!(last, "title") && !role.ends_with("title") { format!("{role} {last}") } else { role };
        }
        // the kind of encounter of an encounter
        if plain.contains(" of ") && (plain.ends_with(&entity.one) || plain.ends_with(&role)) {
            return plain;
        }
        if plain.contains(" of ") || role.contains(" in the ") {
            return format!("{plain} of the {role}");
        }
        let head = role.rsplit(' ').next().unwrap_or("");
        if plain.starts_with(&format!("{} ", entity.one))
            || plain == entity.one
            || plain.split(' ').any(|w| w == head) && !role.contains('\'')
        {
            if role == entity.one {
                return plain;
            }
            return format!("{} {plain}", grammar::possessive(&role));
        }
        // "port call status", but "supervising provider's gender"
        let words = role.split(' ').count() + plain.split(' ').count();
        // "film rental rate", but "provider's medical specialty"
        let compound =
            (words <= 3 && role == entity.one || !role.contains(' ')) && !(entity.person && plain.contains(' '));
        match compound {
            true => format!("{role} {plain}"),
            // "the medical field of the main diagnosis"
            false if plain.contains(' ') && role.contains(' ') && !role.contains('\'') => {
                format!("{plain} of the {role}")
            }
            false => format!("{} {plain}", grammar::possessive(&role)),
        }
    }
}

/// The city of a city is its name, and so are the description of a territory and the name of a product.
fn own_name(entity: &Entity, plain: String) -> String {
    let rest = plain.strip_prefix(entity.one.as_str());
    if rest.is_some_and(|rest| matches!(rest, "" | " name" | " description")) { "name".to_owned() } else { plain }
}

/// Generic column names get their table's noun: "payment amount".
pub(super) fn own_noun(entity: &Entity, plain: &str) -> String {
    let generic = matches!(
        plain,
        "name"
            | "code"
            | "type"
            | "kind"
            | "status"
            | "date"
            | "number"
            | "description"
            | "value"
            | "label"
            | "level"
            | "time"
            | "class"
            | "id"
            | "ID"
    );
    let one = entity.one.split(" in the ").next().unwrap_or(&entity.one);
    // of "maintenance work orders" the bare word is meant
    if generic && !one.contains(" of ") && one.split(' ').count() < 3 {
        let head = one.rsplit(' ').next().unwrap_or("");
        if head == plain { one.to_owned() } else { format!("{one} {plain}") }
    } else {
        plain.to_owned()
    }
}

/// The first letters of a table's name, where they are no key word.
pub(super) fn alias(table: &str) -> String {
    let letters = words::tokens(table);
    let letters = letters.iter().filter_map(|t| t.chars().next()).filter(char::is_ascii_alphabetic).take(3);
    let alias: String = letters.collect();
    match alias.as_str() {
        "" => "t".to_owned(),
        alias if quote_ident(alias) == alias => alias.to_owned(),
        alias => format!("{alias}1"),
    }
}
