//! Lessons from a folder, such as a teacher's own.

use crate::lesson::{Files, Lesson, Rules};
use std::fs;
use std::path::{Path, PathBuf};

/// A file of a lesson is read up to this size.
const BYTES_MAX: u64 = 1 << 20;

/// The lessons in a folder of lesson folders, or the one whose folder it is; or all that is wrong
/// with any of them, a line each: `DIR/sagas/lesson.toml:12:9: …`.
pub fn load(dir: &Path, rules: Option<&Rules>) -> Result<Vec<Lesson>, Vec<String>> {
    let (mut lessons, mut errors) = (vec![], vec![]);
    let folders = folders(dir).map_err(|error| vec![error])?;
    if folders.is_empty() {
        return Err(vec![format!(
            "{}: there is no lesson in it: a lesson is a folder with a lesson.toml",
            dir.display()
        )]);
    }
    for folder in folders {
        match lesson(&folder, rules) {
            Ok(lesson) => lessons.push(lesson),
            Err(mut wrong) => errors.append(&mut wrong),
        }
    }
    if errors.is_empty() { Ok(lessons) } else { Err(errors) }
}

fn folders(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{}: it can't be read: {error}", dir.display());
    let dir = dir.canonicalize().map_err(unreadable)?;
    if dir.join("lesson.toml").exists() {
        return Ok(vec![dir]);
    }
    let mut folders = vec![];
    for entry in fs::read_dir(&dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_dir() && !is_hidden {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn lesson(folder: &Path, rules: Option<&Rules>) -> Result<Lesson, Vec<String>> {
    let slug = folder.file_name().unwrap_or_default().to_string_lossy();
    let files = ["lesson.toml", "lesson.md", "quiz.toml"].map(|name| text(&folder.join(name)));
    match files {
        [Ok(manifest), Ok(prose), Ok(quiz)] => {
            let lesson = Lesson::parse_under(&slug, Files { manifest: &manifest, prose: &prose, quiz: &quiz }, rules);
            lesson.map_err(|errors| errors.0.iter().map(|error| format!("{}/{error}", folder.display())).collect())
        }
        files => Err(files.into_iter().filter_map(Result::err).collect()),
    }
}

fn text(path: &Path) -> Result<String, String> {
    let problem = |problem: &str| format!("{}:1:1: {problem}", path.display());
    let size = fs::metadata(path)
        .map_err(|_| problem("there is no such file: a lesson has lesson.toml, lesson.md and quiz.toml"))?
        .len();
    if size > BYTES_MAX {
        return Err(problem("it is larger than 1 MiB: split the lesson"));
    }
    let bytes = fs::read(path).map_err(|error| problem(&format!("it can't be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| problem("it is not UTF-8: save it so"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(dir: &Path) -> Result<Vec<Lesson>, Vec<String>> {
        super::load(dir, None)
    }

    #[test]
    fn the_embedded_lessons_load_from_their_folder_one_or_all() {
        let content = Path::new(env!("CARGO_MANIFEST_DIR")).join("content");
        let all = load(&content).unwrap_or_else(|errors| panic!("{}", errors.join("\n")));
        assert_eq!(all.len(), crate::lessons().len());
        let one = load(&content.join("sagas")).expect("it fits");
        assert_eq!(one[0].slug, "sagas");
    }

    #[test]
    fn a_folder_without_a_lesson_is_told_so_and_a_missing_file_is_named() {
        let empty = load(Path::new(env!("CARGO_MANIFEST_DIR")).join("content/sagas/nowhere").as_path());
        assert!(empty.expect_err("refused")[0].contains("it can't be read"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let errors = load(&source).expect_err("no lessons there");
        assert!(errors.iter().any(|error| error.contains("lesson.toml:1:1: there is no such file")), "{errors:?}");
    }
}
