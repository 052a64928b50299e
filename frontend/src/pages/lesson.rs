use super::Living;
use super::step::StepCard;
use crate::islands::Given;
use crate::texts::lesson as texts;
use leptos::prelude::*;
use lessons::{Lesson, Question, Section};

/// Prose with the living system beside it, what to try, and questions. What is done there is the
/// page's script's business (public/lesson.js), which finds its words in the attributes of `main`.
#[component]
pub fn LessonPage(
    lesson: Lesson,
    /// The ids of the steps that were done.
    done: Vec<&'static str>,
    given: Given,
) -> impl IntoView {
    let sections = lesson.sections.iter().map(|section| section_view(&lesson, section, &done)).collect_view();
    let progress = lesson.steps.iter().map(|step| {
        let class = done.contains(&&*step.id).then_some("done");
        view! { <li class=class data-of=step.id.clone()></li> }
    });
    let quiz = (!lesson.quiz.is_empty()).then(|| quiz_view(&lesson.quiz));
    view! {
        <main
            id="content"
            class="lesson"
            data-slug=lesson.slug.clone()
            data-no-answer=texts::NO_ANSWER
            data-working=texts::WORKING
            data-showing=texts::SHOWING
            data-done=texts::DONE
            data-count=texts::COUNT
            data-holds=texts::HOLDS
            data-open=texts::OPEN
            data-none=texts::NONE
            data-predicted=texts::PREDICTED
            data-happened=texts::HAPPENED
            data-out-of-place=texts::OUT_OF_PLACE
            data-guess-kept=texts::KEPT
            data-choose=texts::CHOOSE
            data-right=texts::RIGHT
            data-wrong=texts::WRONG
            data-show-failed=texts::SHOW_FAILED
            data-shipped=texts::SHIPPED
            data-no-order=texts::NO_ORDER
            data-given=texts::GIVEN
            data-no-system=texts::NO_SYSTEM
        >
            <div class="opening prose">
                <p class="eyebrow">{lesson.eyebrow()}</p>
                <h1>{lesson.title.clone()}</h1>
                <div class="lesson-progress scripted" hidden>
                    <ol aria-hidden="true">{progress.collect_view()}</ol>
                    <p class="count"></p>
                </div>
                <div class="intro" inner_html=lesson.intro.clone()></div>
            </div>
            <Living given/>
            <article class="prose">{sections} {quiz}</article>
        </main>
    }
}

fn section_view(lesson: &Lesson, section: &Section, done: &[&str]) -> impl IntoView + use<> {
    let all = lesson.steps.len();
    let steps = lesson
        .steps
        .iter()
        .zip(1..)
        .filter(|(step, _)| step.section == section.id)
        .map(|(step, n)| view! { <StepCard done=done.contains(&&*step.id) step=step.clone() n all/> })
        .collect_view();
    view! {
        <section id=section.id.clone()>
            <h2>{section.title.clone()}</h2>
            <div inner_html=section.html.clone()></div>
            {steps}
        </section>
    }
}

fn quiz_view(questions: &[Question]) -> impl IntoView + use<> {
    let questions = questions.iter().map(question_view).collect_view();
    view! {
        <section id="questions" class="quiz">
            <h2>{texts::QUESTIONS}</h2>
            {questions}
        </section>
    }
}

fn question_view(question: &Question) -> impl IntoView + use<> {
    let choices = question
        .choices
        .iter()
        .map(|choice| {
            view! {
                <label data-choice=choice.id.clone()>
                    <input type="radio" name="choice" value=choice.id.clone()/>
                    <span class="text" inner_html=inline(&choice.text_html)></span>
                    <span class="because" hidden></span>
                </label>
            }
        })
        .collect_view();
    let right = question.choices.iter().find(|choice| choice.right);
    let told = right.map(|choice| {
        view! {
            <details class="unscripted">
                <summary>{texts::ANSWER}</summary>
                <div inner_html=choice.text_html.clone()></div>
                <div inner_html=choice.because_html.clone()></div>
            </details>
        }
    });
    view! {
        <form class="question" data-question=question.id.clone()>
            <fieldset>
                <legend inner_html=inline(&question.ask_html)></legend>
                {choices}
            </fieldset>
            <p class="ways scripted" hidden>
                <button type="submit">{texts::CHECK_ANSWER}</button>
                <span class="said" role="status"></span>
            </p>
            {told}
        </form>
    }
}

/// A single paragraph without its tags: it stands within a line.
pub fn inline(html: &str) -> String {
    let html = html.trim();
    html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>")).unwrap_or(html).to_owned()
}
