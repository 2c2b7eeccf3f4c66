#include "analyze/note.h"

#include <string.h>

void note_content(struct facts *facts)
{
	facts->has_content_clear = true;
	facts->starttls |= FACTS_STARTTLS_CLEAR_CONTENT;
}

void note_message(struct facts *facts)
{
	note_content(facts);
	facts->messages++;
}

void note_starttls_offered(struct facts *facts)
{
	facts->starttls_offered = FACTS_YES;
}

void note_capabilities(struct facts *facts)
{
	if (facts->starttls_offered == FACTS_UNKNOWN) {
		facts->starttls_offered = FACTS_NO;
	}
}

void note_starttls(struct facts *facts, unsigned flags)
{
	facts->starttls = (uint16_t)(facts->starttls | flags);
}

bool note_is_masked(struct text word)
{
	size_t masked = 0;
	while (masked < word.len && word.at[masked] == 'X') {
		masked++;
	}
	if (masked < 4) {
		return false;
	}
	return masked == word.len ||
	       (masked + 1 == word.len && word.at[masked] >= 'A' &&
		       word.at[masked] <= 'Z');
}

void note_mechanisms(struct facts *facts, struct text names)
{
	for (struct text name = text_word(&names); name.len > 0;
		name = text_word(&names)) {
		facts->auth_offered =
			(uint16_t)(facts->auth_offered | facts_mechanism_flag(name));
	}
}

void note_unread(struct facts *facts, enum direction way)
{
	facts->has_unread_lines |=
		way == DIRECTION_TO_SERVER && facts->gaps == 0 && !facts->is_midstream;
	facts->gaps++;
	facts->is_clear_cut = true;
}

void note_refused(struct facts *facts)
{
	facts->is_refused = true;
}

void note_policy(struct facts *facts, uint16_t code)
{
	const bool is_refused = code == 521 || (code >= 550 && code != 555);
	const bool is_deferred =
		code == 421 || code == 450 || code == 451 || (code > 455 && code < 500);
	facts->refusals += is_refused && facts->refusals < UINT32_MAX;
	facts->deferrals += is_deferred && facts->deferrals < UINT32_MAX;
}

void note_domain(char *kept, struct text domain)
{
	const size_t most = FACTS_DOMAIN_BYTES - 1;
	if (domain.len > 0 && domain.at[domain.len - 1] == '.') {
		domain.len--; /* the root: some take it */
	}
	if (domain.len > most) {
		text_advance(&domain, domain.len - most);
	}
	text_copy(kept, FACTS_DOMAIN_BYTES, domain);
	for (; *kept != '\0'; kept++) {
		*kept = (char)(*kept >= 'A' && *kept <= 'Z' ? *kept + ('a' - 'A')
							    : *kept);
	}
}

/* RFC 5321 section 4.1.3: IPv6 literals carry the tag "IPv6:"; Exchange omits it. */
void note_header_address(struct facts *facts, const char *literal)
{
	static const char TAG[] = "IPv6:";
	struct facts_headers *headers = &facts->headers;
	const struct text text = {(const uint8_t *)literal, strlen(literal)};
	const size_t tag = text_starts(text, TAG) ? sizeof(TAG) - 1 : 0;
	struct address address;
	if (!address_parse(literal + tag, &address)) {
		return;
	}
	for (uint8_t i = 0; i < headers->address_count; i++) {
		if (address_equal(&headers->addresses[i], &address)) {
			return;
		}
	}
	if (headers->address_count < FACTS_HEADER_ADDRESSES) {
		headers->addresses[headers->address_count] = address;
		headers->address_count++;
	}
}

void note_header_fields(struct facts *facts, const uint64_t fields[FACTS_FIELD_WORDS])
{
	struct facts_headers *headers = &facts->headers;
	bool is_other = headers->senders == 0;
	for (size_t i = 0; i < FACTS_FIELD_WORDS; i++) {
		const uint64_t before =
			headers->senders == 0 ? UINT64_MAX : headers->fields[i];
		headers->fields[i] = before & fields[i];
		is_other |= headers->fields[i] != before;
	}
	headers->field_changes += is_other;
	headers->senders++;
}
