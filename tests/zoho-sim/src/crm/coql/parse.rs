//! From text to a query.
//!
//! Conditions pair up: `a and b`, `(a and b) and c`. Three in a row without parentheses are Zoho's favourite
//! `SYNTAX_ERROR`.

use super::{
    syntax,
    tokens::{Kind, Token, tokens},
    too_many,
};
use crate::reply::Refusal;

const MOST_COLUMNS: usize = 50;
const MOST_CRITERIA: usize = 25;
const MOST_IN: usize = 50;
const MOST_ORDER: usize = 10;
const DEEPEST: usize = 40;
const MOST_ROWS: usize = 2_000;
const LAST_ROW: usize = 100_000;
const USUAL_ROWS: usize = 200;

#[derive(Debug)]
pub(super) struct Query {
    pub columns: Vec<String>,
    pub module: String,
    pub condition: Condition,
    /// Column and whether descending.
    pub order: Vec<(String, bool)>,
    pub limit: usize,
    pub offset: usize,
}

#[derive(Debug)]
pub(super) enum Condition {
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Test { column: String, test: Test },
}

#[derive(Debug)]
pub(super) enum Test {
    Compare(&'static str, String),
    Like { pattern: String, negated: bool },
    In { values: Vec<String>, negated: bool },
    Between(String, String),
    Null { negated: bool },
}

pub(super) fn query(text: &str) -> Result<Query, Refusal> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, criteria: 0 };
    let query = parser.query()?;
    if parser.peek().kind == Kind::End { Ok(query) } else { Err(parser.unexpected("limit")) }
}

struct Parser {
    /// Ends with [`Kind::End`].
    tokens: Vec<Token>,
    at: usize,
    criteria: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.peek().is_word(word);
        self.at += usize::from(found);
        found
    }

    fn accept_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek().kind, Kind::Sign(found) if found == sign);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self, clause: &str) -> Refusal {
        syntax(&self.peek().shown(), self.peek().column, clause)
    }

    fn expect(&mut self, word: &str, clause: &str) -> Result<(), Refusal> {
        if self.accept(word) { Ok(()) } else { Err(self.unexpected(clause)) }
    }

    fn expect_sign(&mut self, sign: &str, clause: &str) -> Result<(), Refusal> {
        if self.accept_sign(sign) { Ok(()) } else { Err(self.unexpected(clause)) }
    }

    fn query(&mut self) -> Result<Query, Refusal> {
        self.expect("select", "select")?;
        let mut columns = vec![self.column("select")?];
        while self.accept_sign(",") {
            columns.push(self.column("select")?);
        }
        if columns.len() > MOST_COLUMNS {
            return Err(too_many("select", MOST_COLUMNS));
        }
        self.expect("from", "from")?;
        let module = self.column("from")?;
        self.expect("where", "where")?;
        let condition = self.condition(DEEPEST)?;
        if self.criteria > MOST_CRITERIA {
            return Err(too_many("where", MOST_CRITERIA));
        }
        let order = self.order()?;
        let (limit, offset) = self.limit()?;
        Ok(Query { columns, module, condition, order, limit, offset })
    }

    fn column(&mut self, clause: &str) -> Result<String, Refusal> {
        const RESERVED: [&str; 7] = ["select", "from", "where", "and", "or", "order", "limit"];
        match &self.peek().kind {
            Kind::Word(word) if !RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected(clause)),
        }
    }

    /// One test, or exactly two joined.
    fn condition(&mut self, depth: usize) -> Result<Condition, Refusal> {
        let left = self.operand(depth)?;
        let joined: fn(Box<Condition>, Box<Condition>) -> Condition = if self.accept("and") {
            Condition::Both
        } else if self.accept("or") {
            Condition::Either
        } else {
            return Ok(left);
        };
        let right = self.operand(depth)?;
        if self.peek().is_word("and") || self.peek().is_word("or") {
            return Err(self.unexpected("where"));
        }
        Ok(joined(Box::new(left), Box::new(right)))
    }

    fn operand(&mut self, depth: usize) -> Result<Condition, Refusal> {
        if !self.accept_sign("(") {
            return self.test();
        }
        let depth = depth.checked_sub(1).ok_or_else(|| self.unexpected("where"))?;
        let inner = self.condition(depth)?;
        self.expect_sign(")", "where")?;
        Ok(inner)
    }

    fn test(&mut self) -> Result<Condition, Refusal> {
        self.criteria += 1;
        let column = self.column("where")?;
        let test = if self.accept("is") {
            let negated = self.accept("not");
            self.expect("null", "where")?;
            Test::Null { negated }
        } else if self.accept("between") {
            let low = self.value()?;
            self.expect("and", "where")?;
            Test::Between(low, self.value()?)
        } else {
            let negated = self.accept("not");
            if self.accept("like") {
                self.like(negated)?
            } else if self.accept("in") {
                self.values(negated)?
            } else if negated {
                return Err(self.unexpected("where"));
            } else {
                self.comparison()?
            }
        };
        Ok(Condition::Test { column, test })
    }

    fn comparison(&mut self) -> Result<Test, Refusal> {
        let operator = match self.peek().kind {
            Kind::Sign("<>") => "!=",
            Kind::Sign(sign) if !matches!(sign, "(" | ")" | ",") => sign,
            _ => return Err(self.unexpected("where")),
        };
        self.at += 1;
        Ok(Test::Compare(operator, self.value()?))
    }

    /// `'a%'`, `'%a'`, `'%a%'`; negated only the last.
    fn like(&mut self, negated: bool) -> Result<Test, Refusal> {
        let before = self.at;
        let pattern = self.value()?;
        let (open, close) = (pattern.starts_with('%'), pattern.ends_with('%'));
        let inner = pattern.trim_matches('%').contains('%');
        if inner || (negated && !(open && close)) {
            self.at = before;
            return Err(self.unexpected("where"));
        }
        Ok(Test::Like { pattern, negated })
    }

    fn values(&mut self, negated: bool) -> Result<Test, Refusal> {
        self.expect_sign("(", "where")?;
        let mut values = vec![self.value()?];
        while self.accept_sign(",") {
            values.push(self.value()?);
        }
        self.expect_sign(")", "where")?;
        if values.len() > MOST_IN { Err(too_many("in", MOST_IN)) } else { Ok(Test::In { values, negated }) }
    }

    fn value(&mut self) -> Result<String, Refusal> {
        match &self.peek().kind {
            Kind::Text(text) | Kind::Number(text) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            Kind::Word(_) if self.peek().is_word("true") || self.peek().is_word("false") => Ok(self.next().shown()),
            _ => Err(self.unexpected("where")),
        }
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, Refusal> {
        let mut order = Vec::new();
        if self.accept("order") {
            self.expect("by", "order by")?;
            loop {
                let column = self.column("order by")?;
                let descending = self.accept("desc");
                if !descending {
                    self.accept("asc");
                }
                order.push((column, descending));
                if !self.accept_sign(",") {
                    break;
                }
            }
        }
        if order.len() > MOST_ORDER { Err(too_many("order by", MOST_ORDER)) } else { Ok(order) }
    }

    /// `limit n offset m`, or `limit m, n` with the offset first.
    fn limit(&mut self) -> Result<(usize, usize), Refusal> {
        let (mut limit, mut offset) = (USUAL_ROWS, 0);
        if self.accept("limit") {
            limit = self.number()?;
            if self.accept_sign(",") {
                offset = limit;
                limit = self.number()?;
            }
        }
        if self.accept("offset") {
            offset = self.number()?;
        }
        if limit == 0 || limit > MOST_ROWS {
            return Err(too_many("limit", MOST_ROWS));
        }
        if offset.saturating_add(limit) > LAST_ROW {
            return Err(too_many("offset", LAST_ROW));
        }
        Ok((limit, offset))
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        match &self.peek().kind {
            Kind::Number(text) => {
                let number = text.parse().map_err(|_| self.unexpected("limit"))?;
                self.at += 1;
                Ok(number)
            }
            _ => Err(self.unexpected("limit")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_pair_up() {
        let reads = |condition: &str| query(&format!("select id from Leads where {condition}")).map_err(|e| e.code);
        assert!(reads("id is not null").is_ok());
        assert!(reads("(A = '1' and B != 2) or C like 'x%'").is_ok());
        assert!(reads("((A = 'O''Neil' and B in (1,'2')) and C between 1 and 2) limit 5 offset 5").is_ok());
        for wrong in [
            "A = '1' and B = '2' and C = '3'",
            "(A = '1' and B = '2' or C = '3')",
            "A",
            "A = ",
            "A = 'x",
            "A not like 'x%'",
            "A like 'a%b'",
            "(A = 1",
            "A = 1)",
            "",
            "A = 1 limit x",
            "A in ()",
            "A is 3",
        ] {
            assert_eq!(reads(wrong).err(), Some("SYNTAX_ERROR"), "{wrong}");
        }
        assert_eq!(reads(&"(".repeat(10_000)).err(), Some("SYNTAX_ERROR"));
        assert_eq!(query("select id from Leads").map_err(|e| e.code).err(), Some("SYNTAX_ERROR"), "where is mandatory");
        assert_eq!(reads("A = 1 limit 2001").err(), Some("LIMIT_EXCEEDED"));
    }
}
