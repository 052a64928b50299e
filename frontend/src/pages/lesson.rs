use super::Living;
use crate::islands::Given;
use crate::texts;
use leptos::prelude::*;
use lessons::{Lesson, Section, Step};

/// Prose with the living system beside it.
#[component]
pub fn LessonPage(lesson: Lesson, given: Given) -> impl IntoView {
    let sections = lesson.sections.iter().map(|section| section_view(&lesson, section)).collect_view();
    view! {
        <main id="content" class="lesson">
            <div class="opening prose">
                <p class="eyebrow">{lesson.eyebrow()}</p>
                <h1>{lesson.title.clone()}</h1>
                <div class="intro" inner_html=lesson.intro.clone()></div>
            </div>
            <Living given/>
            <article class="prose">{sections}</article>
        </main>
    }
}

fn section_view(lesson: &Lesson, section: &Section) -> impl IntoView + use<> {
    let steps = lesson.steps_of(&section.id).map(step_view).collect_view();
    view! {
        <section id=section.id.clone()>
            <h2>{section.title.clone()}</h2>
            <div inner_html=section.html.clone()></div>
            {steps}
        </section>
    }
}

fn step_view(step: &Step) -> impl IntoView + use<> {
    view! {
        <aside class="step" id=step.id.clone() aria-labelledby=format!("{}-title", step.id)>
            <p class="eyebrow">{texts::TRY_IT}</p>
            <h3 id=format!("{}-title", step.id)>{step.title.clone()}</h3>
            <div class="do" inner_html=step.do_html.clone()></div>
            <details>
                <summary>{texts::EXPECT}</summary>
                <div inner_html=step.reveal_html.clone()></div>
            </details>
        </aside>
    }
}
