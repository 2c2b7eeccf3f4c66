#include "commands/file_hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK_BYTES  65536
#define DIGEST_BYTES 32

static bool add_up(
	FILE *file, EVP_MD_CTX *context, unsigned char digest[EVP_MAX_MD_SIZE])
{
	static unsigned char block[BLOCK_BYTES];
	size_t len = 0;
	bool is_ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	while (is_ok && (len = fread(block, 1, sizeof(block), file)) > 0) {
		is_ok = EVP_DigestUpdate(context, block, len) == 1;
	}
	return is_ok && !ferror(file) && EVP_DigestFinal_ex(context, digest, NULL) == 1;
}

bool file_hash(const char *path, char text[FILE_HASH_BYTES], struct reason *why)
{
	struct stat status;
	unsigned char digest[EVP_MAX_MD_SIZE];
	text[0] = '\0';
	if (strcmp(path, "-") == 0) {
		return true;
	}
	if (stat(path, &status) != 0) {
		return reason_set(why, "%.150s: %s", path, strerror(errno));
	}
	if (!S_ISREG(status.st_mode)) {
		return true;
	}
	FILE *file = fopen(path, "re");
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const bool is_read = file && context && add_up(file, context, digest);
	if (!is_read) {
		(void)reason_set(why, "%.150s: no SHA-256 of it: %s", path,
			errno != 0 ? strerror(errno) : "the library refuses");
	}
	for (size_t i = 0; is_read && i < DIGEST_BYTES; i++) {
		(void)snprintf(
			text + 2 * i, FILE_HASH_BYTES - 2 * i, "%02x", digest[i]);
	}
	EVP_MD_CTX_free(context);
	if (file) {
		(void)fclose(file);
	}
	return is_read;
}
