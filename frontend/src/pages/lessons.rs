use crate::texts;
use leptos::prelude::*;
use lessons::{Lesson, outline};

struct Entry {
    number: u8,
    kicker: String,
    title: String,
    summary: String,
    open: Option<(String, u8)>,
}

/// The course: what can be taken, and quietly what is still being written.
#[component]
pub fn LessonsPage(lessons: Vec<&'static Lesson>) -> impl IntoView {
    let open = lessons.iter().map(|lesson| Entry {
        number: lesson.number,
        kicker: lesson.kicker.clone(),
        title: lesson.title.clone(),
        summary: lesson.summary.clone(),
        open: Some((format!("/lessons/{}", lesson.slug), lesson.minutes)),
    });
    let planned = outline().iter().filter(|planned| lessons.iter().all(|lesson| lesson.slug != planned.slug));
    let planned = planned.map(|planned| Entry {
        number: planned.number,
        kicker: planned.kicker.into(),
        title: planned.title.into(),
        summary: planned.summary.into(),
        open: None,
    });
    let mut entries: Vec<Entry> = open.chain(planned).collect();
    entries.sort_by_key(|entry| entry.number);
    let entries = entries.into_iter().map(entry).collect_view();
    view! {
        <main id="content" class="course">
            <h1>{texts::LESSONS_TITLE}</h1>
            <p class="lede">{texts::LESSONS_LEDE}</p>
            <ol>{entries}</ol>
        </main>
    }
}

fn entry(entry: Entry) -> impl IntoView {
    let class = if entry.open.is_some() { "open" } else { "planned" };
    let heading = match &entry.open {
        Some((address, _)) => view! { <a href=address.clone()>{entry.title.clone()}</a> }.into_any(),
        None => entry.title.clone().into_any(),
    };
    let state = match &entry.open {
        Some((_, minutes)) => format!("{} · {}", texts::LESSON_OPEN, texts::minutes(*minutes)),
        None => texts::LESSON_PLANNED.into(),
    };
    view! {
        <li class=class>
            <span class="number" aria-hidden="true">{entry.number.to_string()}</span>
            <div>
                <p class="eyebrow">{entry.kicker}</p>
                <h2>{heading}</h2>
                <p>{entry.summary}</p>
                <p class="state">{state}</p>
            </div>
        </li>
    }
}
