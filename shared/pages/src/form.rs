//! Fields of forms: each has its label, its hint and, where it is wrong, what to mend, tied together for screen readers.

use std::collections::BTreeMap;

use maud::{Markup, html};

/// What is wrong, by the name of the field.
pub type FormErrors = BTreeMap<&'static str, String>;

/// What was typed or is stored, by the name of the field.
pub type Values = BTreeMap<&'static str, String>;

/// The fields of one form, with what they say and what is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub values: &'a Values,
    pub errors: &'a FormErrors,
}

impl Fields<'_> {
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    fn around(&self, name: &str, label: &str, hint: &str, input: &Markup) -> Markup {
        html! {
            div class="field" {
                label for=(name) { (label) }
                @if !hint.is_empty() { span class="hint" id={ (name) "-hint" } { (hint) } }
                @if let Some(error) = self.errors.get(name) { span class="error" id={ (name) "-error" } { (error) } }
                (input)
            }
        }
    }

    /// The ids of what describes a field.
    fn described(&self, name: &str, hint: &str) -> Option<String> {
        let hint = (!hint.is_empty()).then(|| format!("{name}-hint"));
        let error = self.errors.contains_key(name).then(|| format!("{name}-error"));
        let ids: Vec<_> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self, name: &str) -> Option<&'static str> {
        self.errors.contains_key(name).then_some("true")
    }

    pub fn text(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.input("text", name, label, hint)
    }

    pub fn input(&self, kind: &str, name: &str, label: &str, hint: &str) -> Markup {
        self.around(
            name,
            label,
            hint,
            &html! {
                input type=(kind) id=(name) name=(name) value=(self.value(name))
                    aria-describedby=[self.described(name, hint)] aria-invalid=[self.invalid(name)];
            },
        )
    }

    pub fn area(&self, name: &str, label: &str, hint: &str, class: &str) -> Markup {
        self.around(name, label, hint, &html! {
            // A browser drops the first line break of a text area.
            textarea id=(name) name=(name) class=(class) rows="4"
                aria-describedby=[self.described(name, hint)] aria-invalid=[self.invalid(name)] { "\n" (self.value(name)) }
        })
    }

    pub fn select(&self, name: &str, label: &str, hint: &str, options: &[(String, String)]) -> Markup {
        self.around(name, label, hint, &html! {
            select id=(name) name=(name) aria-describedby=[self.described(name, hint)] aria-invalid=[self.invalid(name)] {
                @for (value, text) in options {
                    option value=(value) selected[value == self.value(name)] { (text) }
                }
            }
        })
    }

    pub fn check(&self, name: &str, label: &str) -> Markup {
        html! {
            div class="field" {
                label class="check" for=(name) {
                    input type="checkbox" id=(name) name=(name) value="yes" checked[self.value(name) == "yes"];
                    span { (label) }
                }
            }
        }
    }

    /// Above the form: how much is wrong, with links to it.
    pub fn summary(&self) -> Markup {
        html! {
            @if !self.errors.is_empty() {
                div class="note bad" role="alert" {
                    p { "Nothing was saved. Mend this first:" }
                    ul { @for (name, error) in self.errors { li { a href={ "#" (name) } { (error) } } } }
                }
            }
        }
    }
}

/// Options whose text is their value.
pub(crate) fn plain_options<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    values.into_iter().map(|value| (value.to_owned(), value.to_owned())).collect()
}
