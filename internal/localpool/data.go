package localpool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/gocognito/cognito/cognitotest"
)

// saveEvery is the time between checks for changes.
const saveEvery = 500 * time.Millisecond

// file returns the file of -data behind its symbolic links: that one is locked and replaced, and
// the links stay. The file itself need not be there yet.
func (f Settings) file() string {
	name := f.data
	for range 255 { // more links than a system follows
		if folder, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
			name = filepath.Join(folder, filepath.Base(name))
		}
		target, err := os.Readlink(name)
		if err != nil {
			break // it is no link
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(name), target)
		}
		name = target
	}
	return name
}

// lock keeps other processes from using the file of -data until unlock is called. It fails at once
// if another process uses the file, because each would overwrite the changes of the other.
func (f Settings) lock() (unlock func(), err error) {
	if f.data == "" {
		return func() {}, nil
	}
	// The lock is on a file beside it, because each change replaces the file itself. The lock file
	// is never removed: a third process might hold it.
	held := flock.New(f.file()+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	switch ok, err := held.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("-data: %w", err)
	case !ok:
		return nil, fmt.Errorf("-data: another process uses %s; stop that one, or name another file", f.data)
	}
	return func() { _ = held.Unlock() }, nil
}

// load reads the file of -data. It returns nil if the file does not exist yet.
func (f Settings) load() (cognitotest.Snapshot, error) {
	if f.data == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(f.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("-data: %w", err)
	case len(raw) == 0:
		return nil, fmt.Errorf("-data: %s: want what an earlier run wrote, got an empty file", f.data)
	}
	return raw, nil
}

// keep writes the pools to the file of -data whenever they have changed, until ctx is done.
func (f Settings) keep(ctx context.Context, srv *cognitotest.Server) error {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	var written cognitotest.Snapshot
	for done := false; ; {
		snapshot, err := srv.Snapshot()
		if err != nil {
			return err
		}
		if !bytes.Equal(snapshot, written) {
			if err := replaceFile(f.file(), snapshot); err != nil {
				return fmt.Errorf("-data: %w", err)
			}
			written = snapshot
		}
		if done {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			done = true // after one last write of the changes since
		}
	}
}

// replaceFile atomically replaces a file with one that only its owner may read. After a crash the
// file is either the old or the new one. The next call removes a temporary file that a crash has
// left, which may contain secrets.
func replaceFile(name string, data []byte) (err error) {
	_ = os.Remove(name + ".tmp")
	//nolint:gosec // the flag -data names the file
	file, err := os.OpenFile(name+".tmp", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if _, err := file.Write(data); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return err
	}
	syncDir(filepath.Dir(name))
	return nil
}

// syncDir makes a rename durable. It does nothing if the system cannot sync directories.
func syncDir(name string) {
	if dir, err := os.Open(name); err == nil { //nolint:gosec // of the flag -data
		_ = dir.Sync()
		_ = dir.Close()
	}
}
