//go:build unix

package cognito

import (
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep open from following a symbolic link and from waiting for the writer of a FIFO.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// distrust returns the reason not to use the content of a file, or "". Like sshd for
// authorized_keys, it requires that the file belongs to the user or to root, and that neither the
// group nor others may write it. A file that others may read is accepted: its content is still the
// user's, and the next save sets the mode to 0600.
func distrust(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || stat.Uid != 0 && int(stat.Uid) != os.Geteuid():
		return "want a file of the user's own"
	case info.Mode().Perm()&0o022 != 0:
		return "want a file that only its owner may write"
	default:
		return ""
	}
}
