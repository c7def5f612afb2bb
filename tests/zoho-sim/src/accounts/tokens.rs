//! Codes, refresh tokens and access tokens, and how long each one lives.

use jiff::Timestamp;

use crate::{config::Client, rng::Rng, times};

pub(crate) const ACCESS_LIFE_SECS: i64 = 3600;
/// Zoho's pages say one, two and three minutes; the shortest is the safest to build for.
const CODE_LIFE_SECS: i64 = 60;
const MINT_WINDOW_SECS: i64 = 600;
const MINTS_PER_WINDOW: usize = 10;
/// Zoho's pages say 10, 15 and 30.
const LIVE_ACCESS_TOKENS: usize = 15;
const REFRESH_TOKENS_PER_USER: usize = 20;

/// What a user agreed to.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub user: String,
    pub scopes: Vec<String>,
    pub location: String,
}

#[derive(Clone, Debug)]
struct Code {
    code: String,
    grant: Grant,
    redirect_uri: String,
    expires: Timestamp,
    with_refresh: bool,
}

#[derive(Clone, Debug)]
struct Refresh {
    token: String,
    grant: Grant,
    minted: Vec<Timestamp>,
}

/// A live access token.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub token: String,
    pub grant: Grant,
    refresh: Option<String>,
    expires: Timestamp,
}

pub(crate) struct Issued {
    pub access: String,
    pub refresh: Option<String>,
    pub scopes: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The code or refresh token is used, old, revoked, evicted or of another data centre.
    Code,
    RedirectUri,
    Throttled,
}

#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    pub client: Client,
    pub access_tokens_issued: u64,
    pub refreshes: u64,
    codes: Vec<Code>,
    /// Oldest first, like the access tokens.
    refresh_tokens: Vec<Refresh>,
    access_tokens: Vec<Access>,
    consented: Vec<String>,
}

impl Accounts {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            access_tokens_issued: 0,
            refreshes: 0,
            codes: Vec::new(),
            refresh_tokens: Vec::new(),
            access_tokens: Vec::new(),
            consented: Vec::new(),
        }
    }

    /// A user agreed. There will be a refresh token only for `offline`, and only the first time or when the client
    /// insisted on asking.
    pub fn consent(&mut self, rng: &mut Rng, now: Timestamp, grant: Grant, uri: &str, ask: Asked) -> String {
        let first = !self.consented.contains(&grant.user);
        if first {
            self.consented.push(grant.user.clone());
        }
        let code = rng.token();
        self.codes.retain(|code| code.expires > now);
        self.codes.push(Code {
            code: code.clone(),
            grant,
            redirect_uri: uri.to_owned(),
            expires: times::plus_secs(now, CODE_LIFE_SECS),
            with_refresh: ask.offline && (first || ask.prompt_consent),
        });
        code
    }

    /// Exchanges a code. A failed attempt at the wrong data centre does not use it up.
    pub fn exchange(
        &mut self,
        rng: &mut Rng,
        now: Timestamp,
        code: &str,
        uri: &str,
        location: &str,
    ) -> Result<Issued, Denied> {
        let fits = |c: &Code| c.code == code && c.expires > now && c.grant.location == location;
        let at = self.codes.iter().position(fits).ok_or(Denied::Code)?;
        if self.codes[at].redirect_uri != uri {
            return Err(Denied::RedirectUri);
        }
        let code = self.codes.remove(at);
        let refresh = code.with_refresh.then(|| self.new_refresh_token(rng, code.grant.clone()));
        let access = self.mint(rng, now, code.grant.clone(), refresh.clone())?;
        Ok(Issued { access, refresh, scopes: code.grant.scopes })
    }

    pub fn refresh(&mut self, rng: &mut Rng, now: Timestamp, token: &str, location: &str) -> Result<Issued, Denied> {
        let fits = |r: &&Refresh| r.token == token && r.grant.location == location;
        let grant = self.refresh_tokens.iter().find(fits).ok_or(Denied::Code)?.grant.clone();
        let access = self.mint(rng, now, grant.clone(), Some(token.to_owned()))?;
        self.refreshes += 1;
        Ok(Issued { access, refresh: None, scopes: grant.scopes })
    }

    /// A new refresh token; the user's 21st evicts the oldest without a word.
    pub fn new_refresh_token(&mut self, rng: &mut Rng, grant: Grant) -> String {
        let token = rng.token();
        let of_user = |r: &&Refresh| r.grant.user == grant.user;
        if self.refresh_tokens.iter().filter(of_user).count() >= REFRESH_TOKENS_PER_USER
            && let Some(oldest) = self.refresh_tokens.iter().find(of_user).map(|r| r.token.clone())
        {
            self.revoke(&oldest);
        }
        self.refresh_tokens.push(Refresh { token: token.clone(), grant, minted: Vec::new() });
        token
    }

    fn mint(&mut self, rng: &mut Rng, now: Timestamp, grant: Grant, refresh: Option<String>) -> Result<String, Denied> {
        if let Some(of) = self.refresh_tokens.iter_mut().find(|r| Some(&r.token) == refresh.as_ref()) {
            of.minted.retain(|at| now.as_second() - at.as_second() < MINT_WINDOW_SECS);
            if of.minted.len() >= MINTS_PER_WINDOW {
                return Err(Denied::Throttled);
            }
            of.minted.push(now);
        }
        self.access_tokens.retain(|access| access.expires > now);
        let siblings = |access: &&Access| access.refresh.is_some() && access.refresh == refresh;
        if self.access_tokens.iter().filter(siblings).count() >= LIVE_ACCESS_TOKENS
            && let Some(oldest) = self.access_tokens.iter().position(|access| access.refresh == refresh)
        {
            self.access_tokens.remove(oldest);
        }
        let token = rng.token();
        let expires = times::plus_secs(now, ACCESS_LIFE_SECS);
        self.access_tokens.push(Access { token: token.clone(), grant, refresh, expires });
        self.access_tokens_issued += 1;
        Ok(token)
    }

    pub fn access(&self, token: &str, now: Timestamp, location: &str) -> Option<&Access> {
        self.access_tokens.iter().find(|a| a.token == token && a.expires > now && a.grant.location == location)
    }

    /// Revokes a refresh token with its access tokens, or one access token.
    pub fn revoke(&mut self, token: &str) -> bool {
        let before = self.refresh_tokens.len() + self.access_tokens.len();
        self.refresh_tokens.retain(|refresh| refresh.token != token);
        self.access_tokens.retain(|access| access.token != token && access.refresh.as_deref() != Some(token));
        self.refresh_tokens.len() + self.access_tokens.len() < before
    }

    /// All access tokens die; with `refresh_tokens`, those too, as when an administrator removes the connection.
    pub fn kill(&mut self, refresh_tokens: bool) -> usize {
        let killed = self.access_tokens.len();
        self.access_tokens.clear();
        if refresh_tokens {
            self.refresh_tokens.clear();
        }
        killed
    }

    /// Live tokens: access, refresh.
    pub fn live(&self, now: Timestamp) -> (usize, usize) {
        (self.access_tokens.iter().filter(|access| access.expires > now).count(), self.refresh_tokens.len())
    }
}

/// How the client asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub offline: bool,
    pub prompt_consent: bool,
}
