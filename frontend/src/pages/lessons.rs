use crate::texts;
use leptos::prelude::*;
use lessons::{Lesson, outline};

struct Entry {
    number: u8,
    kicker: String,
    title: String,
    summary: String,
    open: Option<Open>,
}

struct Open {
    address: String,
    minutes: u8,
    /// How far the learner has come, in words.
    progress: Option<String>,
}

/// A lesson, and how far the learner has come in it.
#[derive(Clone, Debug)]
pub struct LessonEntry {
    pub lesson: &'static Lesson,
    pub steps_done: usize,
    /// Questions whose last answer is right.
    pub answered: usize,
}

impl LessonEntry {
    fn progress(&self) -> Option<String> {
        let LessonEntry { lesson, steps_done, answered } = self;
        (steps_done + answered > 0)
            .then(|| texts::progress(*steps_done, lesson.steps.len(), *answered, lesson.quiz.len()))
    }
}

/// The course: what can be taken, and quietly what is still being written.
#[component]
pub fn LessonsPage(lessons: Vec<LessonEntry>) -> impl IntoView {
    let open = lessons.iter().map(|entry| Entry {
        number: entry.lesson.number,
        kicker: entry.lesson.kicker.clone(),
        title: entry.lesson.title.clone(),
        summary: entry.lesson.summary.clone(),
        open: Some(Open {
            address: format!("/lessons/{}", entry.lesson.slug),
            minutes: entry.lesson.minutes,
            progress: entry.progress(),
        }),
    });
    let planned = outline().iter().filter(|planned| lessons.iter().all(|entry| entry.lesson.slug != planned.slug));
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
        Some(Open { address, .. }) => view! { <a href=address.clone()>{entry.title.clone()}</a> }.into_any(),
        None => entry.title.clone().into_any(),
    };
    let state = match &entry.open {
        Some(Open { progress: Some(progress), .. }) => progress.clone(),
        Some(Open { minutes, .. }) => format!("{} · {}", texts::LESSON_OPEN, texts::minutes(*minutes)),
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
