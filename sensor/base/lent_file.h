/*
 * base/lent_file - a file that a library opens late, by its path.
 *
 * Opened before the cage and lent in it: an output lists its files, the cage gives out
 * their descriptors (control/lending).
 */
#pragma once

struct lent_file {
	const char *path; /* NULL: behind the last */
	int file;
};
