/* A folder of a test's own, open while the test runs: set-up and tear-down. */
#pragma once

#include "journal_folder.h"

#include <string.h>
#include <sys/stat.h>

static char path[JOURNAL_FOLDER_BYTES];
static int folder;
static struct reason why;

static inline int open_folder_start(void **state)
{
	(void)state;
	journal_folder_make(path, "test_journal_folder");
	folder = open(path, O_RDONLY | O_DIRECTORY);
	return folder < 0;
}

static inline int open_folder_end(void **state)
{
	(void)state;
	(void)close(folder);
	return journal_folder_remove(path);
}
