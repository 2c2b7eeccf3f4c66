/*
 * base/version - the version of this program, as --version and records tell it.
 */
#pragma once

#ifndef MAILWARDEN_VERSION
#define MAILWARDEN_VERSION "0.1.0"
#endif
