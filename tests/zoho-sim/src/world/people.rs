//! Users.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{World, notify::Operation};
use crate::{NewUser, times};

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub id: String,
    pub zuid: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub admin: bool,
    pub active: bool,
    pub confirmed: bool,
    pub deleted: bool,
    /// The manager's id.
    pub reports_to: Option<String>,
    /// When they are not at work, by their own word.
    pub away: Option<(Timestamp, Timestamp)>,
    pub location: String,
    pub created: Timestamp,
    pub modified: Timestamp,
}

impl User {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
    /// Active, confirmed and still there: may own records and sign in.
    pub fn usable(&self) -> bool {
        self.active && self.confirmed && !self.deleted
    }
    pub fn status(&self) -> &'static str {
        match self {
            User { deleted: true, .. } => "deleted",
            User { active: true, .. } => "active",
            _ => "inactive",
        }
    }
}

impl World {
    pub fn add_user(&mut self, new: &NewUser) -> String {
        let id = self.new_id();
        let user = User {
            id: id.clone(),
            zuid: self.new_id(),
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            email: new.email.clone(),
            admin: new.admin,
            active: new.active,
            confirmed: new.confirmed,
            deleted: false,
            reports_to: None,
            away: None,
            location: new.location.clone().unwrap_or_else(|| self.places.home.clone()),
            created: times::whole_second(self.now),
            modified: times::whole_second(self.now),
        };
        self.users.push(user);
        self.happened_to_user(Operation::Insert, &id);
        id
    }

    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// A user by id or by address.
    pub fn find_user(&self, id_or_email: &str) -> Option<&User> {
        self.user(id_or_email).or_else(|| self.users.iter().find(|u| u.email.eq_ignore_ascii_case(id_or_email)))
    }

    pub fn user_name(&self, id: &str) -> String {
        self.user(id).map(User::full_name).unwrap_or_default()
    }

    /// Whoever may consent for the organisation when nobody else is named.
    pub fn first_admin(&self) -> Option<&User> {
        self.users.iter().find(|user| user.admin && user.usable()).or(self.users.first())
    }

    /// `{name, id}`.
    pub fn user_ref(&self, id: &str) -> Value {
        json!({"name": self.user_name(id), "id": id})
    }

    /// `{name, id, email}`, as owners are written.
    pub fn owner_ref(&self, id: &str) -> Value {
        let email = self.user(id).map(|user| user.email.as_str()).unwrap_or_default();
        json!({"name": self.user_name(id), "id": id, "email": email})
    }
}
