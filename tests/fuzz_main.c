/*
 * Replays inputs through a fuzzer where libFuzzer is not linked: every argument is a file, or a directory of files;
 * what begins with `-` is an option of libFuzzer's and passed over.
 */
#include "base.h"
#include "buf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int failed(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return -1;
}

/** Read a whole file and run it, in a block of exactly its size: one byte too far is then seen. */
static int replay_file(const char *path)
{
	struct buf content = BUF_INIT;
	FILE *file = fopen(path, "rb");
	char block[4096];
	uint8_t *exact;
	size_t got;

	if (!file)
		return failed(path);
	while ((got = fread(block, 1, sizeof block, file)) > 0)
		buf_add(&content, block, got);
	fclose(file);
	exact = malloc(content.len > 0 ? content.len : 1);
	if (content.failed || !exact)
		return failed(path);
	if (content.len > 0)
		memcpy(exact, content.data, content.len);
	LLVMFuzzerTestOneInput(exact, content.len);
	free(exact);
	buf_fini(&content);
	return 0;
}

static int replay_dir(const char *path, size_t *count)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int result = 0;

	if (!dir)
		return failed(path);
	while (result == 0 && (entry = readdir(dir)) != NULL) {
		struct buf name = BUF_INIT;

		if (entry->d_name[0] == '.')
			continue;
		buf_printf(&name, "%s/%s", path, entry->d_name);
		result = buf_str(&name) ? replay_file(buf_str(&name)) : -1;
		buf_fini(&name);
		++*count;
	}
	closedir(dir);
	return result;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int result;

		if (argv[i][0] == '-')
			continue;
		if (stat(argv[i], &st) != 0) {
			failed(argv[i]);
			return EXIT_FAILURE;
		}
		if (S_ISDIR(st.st_mode)) {
			result = replay_dir(argv[i], &count);
		} else {
			result = replay_file(argv[i]);
			count++;
		}
		if (result != 0)
			return EXIT_FAILURE;
	}
	printf("%zu inputs replayed\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
