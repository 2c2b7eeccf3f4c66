/* What an IMAP server says that it can do. */
#include "analyze/imap.h"

#include "analyze/note.h"

#include <string.h>

static void capability_note(struct facts *facts, struct text word)
{
	if (text_is(word, "STARTTLS")) {
		note_starttls_offered(facts);
	} else if (text_is(word, "LOGINDISABLED")) {
		facts->login_disabled = FACTS_YES;
	} else if (text_starts(word, "AUTH=")) {
		note_mechanisms(facts, (struct text){word.at + 5, word.len - 5});
	} else if (note_is_masked(word)) {
		note_starttls(facts, FACTS_STARTTLS_MASKED);
	}
}

void imap_capabilities_note(
	struct facts *facts, struct text list, bool is_whole, bool is_before_login)
{
	const uint8_t *end = memchr(list.at, ']', list.len);
	if (end != NULL) {
		list.len = (size_t)(end - list.at);
	}
	for (struct text word = text_word(&list); word.len > 0;
		word = text_word(&list)) {
		capability_note(facts, word);
	}
	if ((is_whole || end != NULL) && is_before_login) {
		note_capabilities(facts);
		if (facts->login_disabled == FACTS_UNKNOWN) {
			facts->login_disabled = FACTS_NO;
		}
	}
}
