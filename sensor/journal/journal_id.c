#include "journal/journal_id.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define FILE_NAME "id"
#define DIGITS    (JOURNAL_ID_BYTES - 1)

static bool read_id(int folder, char id[JOURNAL_ID_BYTES])
{
	const int file = openat(folder, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0) {
		return false;
	}
	const ssize_t len = read(file, id, DIGITS);
	(void)close(file);
	id[DIGITS] = '\0';
	return len == DIGITS && strspn(id, "0123456789abcdef") == DIGITS;
}

bool journal_id_make(int folder, struct reason *why)
{
	char id[JOURNAL_ID_BYTES];
	uint64_t chance;
	if (read_id(folder, id)) {
		return true;
	}
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance)) {
		return reason_set(why, "no random numbers for the journal's id");
	}
	(void)snprintf(id, sizeof(id), "%016" PRIx64, chance);
	const int file = openat(folder, FILE_NAME,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	const bool is_made = file >= 0 && write(file, id, DIGITS) == DIGITS;
	if (!is_made) {
		(void)reason_set(why, "journal: " FILE_NAME ": %s", strerror(errno));
	}
	if (file >= 0) {
		(void)close(file);
	}
	return is_made;
}

void journal_id_read(int folder, char id[JOURNAL_ID_BYTES])
{
	if (!read_id(folder, id)) {
		memset(id, '0', DIGITS);
		id[DIGITS] = '\0';
	}
}
