/*
 * dmarc/archive - the reports inside a file, as mail brought them.
 *
 * In: the bytes of one file: XML or JSON as it is, in gzip, in zip, or as parts of a mail
 * (MIME) that hold one of these. Out: the plain bytes of each report. What it is is told
 * from its first bytes, never from a name. A name in an archive is not looked at, nothing
 * is written. Whoever wrote the file is a stranger: what is unpacked is bounded in bytes,
 * in its share of what was stored, in members and in depth. The only file that knows
 * libarchive.
 */
#pragma once

#include "base/reason.h"
#include "base/text.h"

#define ARCHIVE_STORED_MAX  (16U << 20) /* of a file, and of a part of a mail */
#define ARCHIVE_PLAIN_MAX   (32U << 20) /* of all that one file holds */
#define ARCHIVE_FREE_BYTES  (1U << 20)  /* so much may be unpacked of anything; */
#define ARCHIVE_RATIO_MAX   200         /* beyond it so many times what was stored */
#define ARCHIVE_MEMBERS_MAX 64          /* of an archive, and parts of a mail */

enum archive_kind { ARCHIVE_XML, ARCHIVE_JSON };

/* The text is borrowed for the call. */
typedef void archive_take(void *context, enum archive_kind kind, struct text plain);

struct archive_reader; /* opaque: its room is used again for each file */

/* NULL: no memory. */
struct archive_reader *archive_reader_new(void);
void archive_reader_free(struct archive_reader *reader);

/*
 * Hand over every report of a file. False with a reason where there is none, where the file
 * is damaged, or holds more than is unpacked; what came before that was handed over.
 */
bool archive_read(struct archive_reader *reader, struct text file, archive_take *take,
	void *context, struct reason *why);
