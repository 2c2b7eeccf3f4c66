/*
 * journal/journal - the records of a sensor: EVE JSON lines in segment files. One writer.
 *
 * In: whole lines. Out: <folder>/<start>.eve.jsonl, appended, bounded in size and age.
 * A position counts bytes from the first record ever and only grows, also over a
 * restart; a segment's name is the position of its first byte. A line that was whole
 * in a segment stays there, so a reader may follow while it is written. Keeps no line
 * that it could not write: the caller still has it. Opens by the folder it was given,
 * so that it works without the right to walk there.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JOURNAL_FOLDER "journal"  /* in the state directory */
#define JOURNAL_LINK   "eve.json" /* beside it: leads to the newest segment */

struct journal_limits {
	uint64_t segment_bytes;
	uint64_t total_bytes;
	uint64_t age_us;      /* of a segment since it was last written; 0: any */
	uint64_t sync_us;     /* at most so long until a record is on the disk */
	bool is_alert_synced; /* one with an alert at once */
};

/* 64 MiB of 1 GiB, any age, alerts at once, others within a second */
struct journal_limits journal_limits_default(void);

struct journal {
	int folder;   /* its own */
	int parent;   /* borrowed: where JOURNAL_LINK is kept; -1: none */
	int file;     /* -1: not open */
	dev_t device; /* of the file, with its inode: by its name it is the same */
	ino_t inode;
	struct journal_limits limits;
	uint64_t segment;     /* position of its first byte */
	uint64_t end;         /* position behind the last record */
	uint64_t total;       /* bytes of all segments */
	uint64_t began_us;    /* when the segment was begun or opened */
	uint64_t unsynced_us; /* since when something is not on the disk; 0: nothing */
	uint64_t ticked_us;
	uint64_t looked_us;
	uint64_t cut_bytes; /* of a line that was torn, found at the start */
	/* segments dropped before every cursor was past them */
	uint64_t lost_segments;
	uint64_t lost_bytes;
	uint64_t harms; /* times that somebody else changed the segment written to */
	struct reason harm; /* the last of them */
};

/* parent: borrowed, or -1 where no JOURNAL_LINK is wanted. */
static inline void journal_start(
	struct journal *journal, int parent, const struct journal_limits *limits)
{
	*journal = (struct journal){
		.folder = -1, .parent = parent, .file = -1, .limits = *limits};
}

/*
 * After journal_start: open the journal in path of the directory (AT_FDCWD and a path; or the state
 * directory and JOURNAL_FOLDER), made where missing. Cuts a torn last line. False with
 * a reason, also when another process writes it. now_us: since 1970.
 */
bool journal_open(struct journal *journal, int directory, const char *path,
	uint64_t now_us, struct reason *why);

/*
 * Append lines, whole ones up to the last byte. Returns how many bytes are in the
 * journal: fewer than len with a reason, then it is up to the caller to try again.
 */
size_t journal_append(struct journal *journal, const char *lines, size_t len,
	uint64_t now_us, struct reason *why);

/*
 * Is the segment written to as it was left? One that was removed, moved, cut or added to by
 * somebody else ends there, is counted with its harm, and the next one goes on. Once a
 * second by journal_tick, and before anything is appended. False: no next one.
 */
bool journal_look(struct journal *journal, uint64_t now_us, struct reason *why);

/* Often: put on the disk what is due, drop what is too old. False: the disk failed. */
bool journal_tick(struct journal *journal, uint64_t now_us, struct reason *why);

/*
 * The disk is full: give up the room kept for the last word, once. It is taken again
 * by journal_keep_reserve, and by journal_tick, when there is room.
 */
void journal_use_reserve(struct journal *journal);

/* Keep room for the last word. False: the disk has none. */
bool journal_keep_reserve(const struct journal *journal);

/* Open the segment anew with the next record; it may have been moved away. */
void journal_reopen(struct journal *journal);

/* Put on the disk and close. */
void journal_close(struct journal *journal);
