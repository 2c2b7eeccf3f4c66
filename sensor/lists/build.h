/*
 * lists/build - entries into a block, and the block made fit to be searched.
 *
 * In: a block of zeros, values as text, or entries of the block before. Out: sorted
 * entries that know who covers them. Takes memory; for processes that load, not for those
 * that judge.
 */
#pragma once

#include "lists/layout.h"
#include "lists/reading.h"

#define BUILD_NOTES 8192 /* places in which alike notes are looked for */

struct build {
	struct lists *lists;
	uint32_t notes[BUILD_NOTES]; /* the note last made with this hash; 0: none */
};

void build_start(struct build *build, struct lists *lists);

/* False with a reason: the value is nothing that can be listed, or there is no room. */
bool build_add(struct build *build, uint8_t list, const struct reading_item *item,
	struct reason *why);

/* One entry as lists_describe writes it. False: it is none, or a range of several. */
bool build_entry_text(
	const char *text, char into[LISTS_TEXT_BYTES], struct reason *why);

/* Where the block stands, to be taken back to when a file turns out unusable. */
struct build_mark {
	uint32_t counts[LISTS_SECTIONS];
	uint32_t note_count;
	uint32_t text_bytes;
};
struct build_mark build_mark(const struct build *build);
void build_rewind(struct build *build, const struct build_mark *mark);

/* Take over all entries of a list of the block before. False: no room. */
bool build_keep(struct build *build, uint8_t list, const struct lists *before,
	uint8_t list_before);

/* Sort, drop what is there twice, and link. */
void build_finish(struct build *build);

/* Hits of entries that the block before had too. */
void build_keep_hits(struct lists *lists, const struct lists *before);
