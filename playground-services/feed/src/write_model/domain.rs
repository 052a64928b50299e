//! The rules of publishing. Pure: no IO, no clock.

use protocol::PublishPost;
use std::collections::BTreeMap;

/// What has to be known to publish, and what has been published since it was loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    pub authors: BTreeMap<i64, String>,
    /// The number of the last post.
    pub last_post: i64,
    /// By name.
    pub tags: BTreeMap<String, i64>,
    pub posts: Vec<Post>,
    /// Tags used for the first time.
    pub coined: Vec<(i64, String)>,
}

/// A post as the write model keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    pub post_id: i64,
    pub author_id: i64,
    pub text: String,
    pub posted_at: String,
    pub tag_ids: Vec<i64>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub post_id: i64,
    pub author_id: i64,
    pub author: String,
    pub text: String,
    pub tags: Vec<String>,
}

/// What the command leads to, or a sentence saying why nothing does.
pub fn decide(desk: &Desk, command: &PublishPost) -> Result<Published, String> {
    let PublishPost { author_id, text, tags } = command;
    let Some(author) = desk.authors.get(author_id) else {
        let (first, last) = (desk.authors.keys().next(), desk.authors.keys().next_back());
        let (first, last) = (first.copied().unwrap_or_default(), last.copied().unwrap_or_default());
        return Err(format!("There is no author {author_id}. The feed knows the authors {first} to {last}."));
    };
    let mut tags = tags.clone();
    tags.sort();
    tags.dedup();
    Ok(Published {
        post_id: desk.last_post + 1,
        author_id: *author_id,
        author: author.clone(),
        text: text.clone(),
        tags,
    })
}

/// The desk after an event.
pub fn evolve(mut desk: Desk, published: &Published, posted_at: &str) -> Desk {
    let mut tag_ids = vec![];
    for tag in &published.tags {
        let next = desk.tags.values().max().copied().unwrap_or_default() + 1;
        let tag_id = *desk.tags.entry(tag.clone()).or_insert(next);
        if tag_id == next {
            desk.coined.push((tag_id, tag.clone()));
        }
        tag_ids.push(tag_id);
    }
    let Published { post_id, author_id, text, .. } = published.clone();
    desk.last_post = post_id;
    desk.posts.push(Post { post_id, author_id, text, posted_at: posted_at.to_owned(), tag_ids });
    desk
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Desk {
        let authors = BTreeMap::from([(1, "Ada".to_owned()), (2, "Grace".to_owned())]);
        Desk { authors, ..Desk::default() }
    }

    fn post(author_id: i64, tags: &[&str]) -> PublishPost {
        let tags = tags.iter().map(ToString::to_string).collect();
        PublishPost { author_id, text: "Hello".to_owned(), tags }
    }

    fn published(desk: &Desk, command: &PublishPost) -> Desk {
        let event = decide(desk, command).expect("it may be published");
        evolve(desk.clone(), &event, "now")
    }

    #[test]
    fn posts_are_numbered_from_1_without_a_gap() {
        let desk = published(&published(&desk(), &post(1, &[])), &post(2, &[]));
        assert_eq!(desk.posts.iter().map(|post| post.post_id).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(decide(&desk, &post(1, &[])).expect("it may").post_id, 3);
    }

    #[test]
    fn who_is_no_author_publishes_nothing() {
        let refusal = decide(&desk(), &post(3, &[])).expect_err("refused");
        assert_eq!(refusal, "There is no author 3. The feed knows the authors 1 to 2.");
    }

    #[test]
    fn a_tag_is_coined_once_and_used_again() {
        let desk = published(&published(&desk(), &post(1, &["sea", "fog"])), &post(2, &["sea", "sea"]));
        assert_eq!(desk.coined, [(1, "fog".to_owned()), (2, "sea".to_owned())]);
        assert_eq!(desk.posts[1].tag_ids, [2], "a tag that is given twice counts once");
    }
}
