#include "analyze/imap.h"

#include <string.h>

/* Two tags of one client that fall together cost one wrong pairing. */
uint32_t imap_tag_hash(struct text tag)
{
	return (uint32_t)text_hash(tag);
}

static void drop(struct imap_tags *tags, unsigned at)
{
	tags->command_count--;
	memmove(tags->commands + at, tags->commands + at + 1,
		(tags->command_count - at) * sizeof(tags->commands[0]));
}

void imap_tags_add(struct imap_tags *tags, struct text tag, enum imap_verb verb)
{
	if (tags->command_count == IMAP_TAGS_COMMANDS) {
		/* the answer to STARTTLS must be known, whatever is pipelined behind it */
		drop(tags, tags->commands[0].verb == IMAP_VERB_STARTTLS);
	}
	tags->commands[tags->command_count++] = (struct imap_tags_command){
		.tag = imap_tag_hash(tag), .verb = (uint8_t)verb};
}

int imap_tags_take(struct imap_tags *tags, struct text tag)
{
	const uint32_t hash = imap_tag_hash(tag);
	for (unsigned i = 0; i < tags->command_count; i++) {
		if (tags->commands[i].tag == hash) {
			const int verb = tags->commands[i].verb;
			drop(tags, i);
			tags->late_count = 0;
			return verb;
		}
	}
	return -1;
}

int imap_tags_newest(const struct imap_tags *tags)
{
	return tags->command_count > 0 ? tags->commands[tags->command_count - 1].verb
				       : -1;
}

unsigned imap_tags_count(const struct imap_tags *tags, struct text tag)
{
	const uint32_t hash = imap_tag_hash(tag);
	unsigned count = 0;
	for (unsigned i = 0; i < tags->command_count; i++) {
		count += tags->commands[i].tag == hash;
	}
	return count;
}

void imap_tags_note_late(struct imap_tags *tags, struct text tag, bool is_accepted)
{
	if (tags->late_count < IMAP_TAGS_LATE) {
		const unsigned bit = 1U << tags->late_count;
		tags->late[tags->late_count++] = imap_tag_hash(tag);
		tags->late_accepted =
			(uint8_t)(is_accepted ? tags->late_accepted | bit
					      : tags->late_accepted & ~bit);
	}
}

int imap_tags_take_late(struct imap_tags *tags, bool *is_accepted)
{
	const unsigned newest = tags->command_count - 1U;
	for (unsigned i = 0; i < tags->late_count && tags->command_count > 0; i++) {
		if (tags->late[i] == tags->commands[newest].tag) {
			*is_accepted = (tags->late_accepted >> i & 1U) != 0;
			tags->command_count--;
			return tags->commands[newest].verb;
		}
	}
	return -1;
}
