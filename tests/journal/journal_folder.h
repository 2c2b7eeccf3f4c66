/* The folder of a test's journal: made, and removed with all that is in it. */
#pragma once

#include "journal/segments.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define JOURNAL_FOLDER_BYTES 64

/* name: of the test. */
static inline void journal_folder_make(
	char folder[JOURNAL_FOLDER_BYTES], const char *name)
{
	(void)snprintf(folder, JOURNAL_FOLDER_BYTES, "/tmp/%s.XXXXXX", name);
	assert_non_null(mkdtemp(folder));
}

static inline void journal_folder_remove_name(void *context, const char *name)
{
	(void)unlinkat(*(int *)context, name, 0);
}

/* 0: the folder was empty but for files, and is gone. */
static inline int journal_folder_remove(const char *folder)
{
	struct reason why;
	int directory = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(segments_visit_names(
		directory, journal_folder_remove_name, &directory, &why));
	(void)close(directory);
	return rmdir(folder);
}
