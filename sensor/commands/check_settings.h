/*
 * commands/check_settings - mailwarden check --config: is a settings file right?
 */
#pragma once

#include <stdbool.h>

/* Returns enum command_exit. */
int check_settings(const char *path, bool is_quiet);
