//! Which profiles see what, and pausing what goes to and fro between here and Zoho.

use app::AppError;
use app::console::{Access, Permissions, Sees};
use edge::http::{Answer, Refusal};
use pages::{ProfileAccess, access};

use super::form::Form;
use super::{Visit, failed, ok};

impl Visit<'_> {
    /// The profiles of the org's users, and what they may do.
    async fn profiles(&self) -> Result<Vec<ProfileAccess>, Refusal> {
        let (store, org) = (&self.site.admin.store, &self.viewer().org);
        let users = store.users(org).await.map_err(failed)?.map(|known| known.users).unwrap_or_default();
        let permissions = store.permissions(org).await.map_err(failed)?;
        let mut profiles: Vec<ProfileAccess> = Vec::new();
        for user in users.into_iter().filter(|user| user.active) {
            let Some(profile) = user.profile else { continue };
            match profiles.iter_mut().find(|known| known.profile.id == profile.id) {
                Some(known) => known.users += 1,
                None => {
                    let access = permissions.get(&profile.id).copied().unwrap_or_default();
                    profiles.push(ProfileAccess { profile, access, users: 1 });
                }
            }
        }
        profiles.sort_by(|one, other| one.profile.name.cmp(&other.profile.name));
        Ok(profiles)
    }

    pub(super) async fn access(&self) -> Answer {
        self.administering()?;
        ok(access(&self.frame(None).await?, &self.profiles().await?))
    }

    pub(super) async fn change_access(&self, form: &Form) -> Answer {
        self.administering()?;
        let (store, org) = (&self.site.admin.store, &self.viewer().org);
        let mut permissions: Permissions = store.permissions(org).await.map_err(failed)?;
        for ProfileAccess { profile, .. } in self.profiles().await? {
            let sees = match form.get(&format!("sees-{}", profile.id)) {
                "own" => Sees::Own,
                "all" => Sees::All,
                "nothing" => Sees::Nothing,
                _ => continue,
            };
            let ticked = |what: &str| form.get(&format!("{what}-{}", profile.id)) == "yes";
            permissions.insert(profile.id.clone(), Access { sees, acts: ticked("acts"), manages: ticked("manages") });
        }
        store.put_permissions(org, &permissions).await.map_err(failed)?;
        tracing::info!(%org, user.id = %self.viewer().user, "who sees what was changed");
        Ok(self.on_to("access", "saved"))
    }

    /// Pauses what goes to and fro between here and Zoho, or resumes it.
    pub(super) async fn pause_sync(&self, pause: bool) -> Answer {
        self.managing()?;
        let by = pause.then_some(self.viewer().name.as_str());
        match self.site.admin.pause_sync(&self.viewer().org, by).await {
            Ok(()) => Ok(self.on_to("crm", if pause { "sync-paused" } else { "sync-resumed" })),
            Err(AppError::Contended(_)) => Err(Refusal::bad_request(
                "busy",
                "the connection is being looked after just now; try again in a moment",
            )),
            Err(error) => Err(failed(error)),
        }
    }
}
