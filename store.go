package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/gocognito/cognito/internal/flight"
)

// TokenStore keeps the tokens of one session beyond the life of the process; see [WithTokenStore].
// Its methods must be safe for concurrent use. A TokenStore that several processes share should
// also be a [TokenLocker]. A TokenStore that is also a [DeviceStore] keeps the user's device as
// well.
type TokenStore interface {
	// Load returns the tokens that were saved last, or the zero Tokens if there are none. If the
	// content cannot be read as tokens, the error wraps ErrStoreContent.
	Load(ctx context.Context) (Tokens, error)
	// Save replaces the stored tokens.
	Save(ctx context.Context, t Tokens) error
	// Delete removes the tokens. Deleting when there are no tokens is not an error.
	Delete(ctx context.Context) error
}

// TokenLocker may be implemented by a [TokenStore] that several processes share. A session then
// changes its tokens while it holds the lock, and adopts the tokens that another process has saved
// in the meantime, so that no two processes use the same refresh token.
type TokenLocker interface {
	// Lock waits, at most until ctx is done, until no other process holds the lock. It returns a
	// function that releases the lock. Load, Save and Delete are called while the lock is held.
	Lock(ctx context.Context) (unlock func(), err error)
}

// DeviceStore may be implemented by a [TokenStore] to keep the device that the session's user signs
// in with. A device outlives a sign-out: Delete removes the tokens but not the device. Its methods
// must be safe for concurrent use.
type DeviceStore interface {
	// LoadDevice returns the device that was saved last, or the zero Device if there is none. If
	// the content cannot be read as a device, the error wraps ErrStoreContent.
	LoadDevice(ctx context.Context) (Device, error)
	// SaveDevice replaces the stored device.
	SaveDevice(ctx context.Context, d Device) error
	// DeleteDevice removes the device. Deleting when there is no device is not an error.
	DeleteDevice(ctx context.Context) error
}

// ErrStoreContent is wrapped by the errors of a [TokenStore] or [DeviceStore] whose content cannot
// be used, such as a file that is truncated or belongs to another user. A session treats the store
// as empty, logs a warning, and replaces the content with the next save.
var ErrStoreContent = errors.New("unusable content in the store")

// MemoryStore is a store in memory, for tests and for sessions of one process that share their
// tokens. It implements [TokenStore], [TokenLocker] and [DeviceStore]. It is safe for concurrent
// use. Printed or logged, it shows no token. The zero MemoryStore is empty and ready to use. A
// MemoryStore must not be copied after first use.
type MemoryStore struct {
	// The fields are atomic pointers because package fmt follows a plain pointer in a copy of the
	// store for verbs such as %s.
	tokens atomic.Pointer[Tokens]
	device atomic.Pointer[Device]
	lock   atomic.Pointer[chan struct{}] // capacity 1, full while the lock is held
}

var _ interface {
	TokenStore
	TokenLocker
	DeviceStore
} = (*MemoryStore)(nil)

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{} }

// Load returns the tokens, or the zero Tokens if there are none.
func (m *MemoryStore) Load(context.Context) (Tokens, error) { return valueOf(&m.tokens), nil }

// Save replaces the tokens.
func (m *MemoryStore) Save(_ context.Context, t Tokens) error {
	m.tokens.Store(&t)
	return nil
}

// Delete removes the tokens.
func (m *MemoryStore) Delete(context.Context) error {
	m.tokens.Store(nil)
	return nil
}

// LoadDevice returns the device, or the zero Device if there is none.
func (m *MemoryStore) LoadDevice(context.Context) (Device, error) { return valueOf(&m.device), nil }

// SaveDevice replaces the device.
func (m *MemoryStore) SaveDevice(_ context.Context, d Device) error {
	m.device.Store(&d)
	return nil
}

// DeleteDevice removes the device.
func (m *MemoryStore) DeleteDevice(context.Context) error {
	m.device.Store(nil)
	return nil
}

// Lock waits, at most until ctx is done, for the lock that sessions hold while they change the
// tokens; see [TokenLocker].
func (m *MemoryStore) Lock(ctx context.Context) (unlock func(), err error) {
	if m.lock.Load() == nil {
		made := make(chan struct{}, 1)
		m.lock.CompareAndSwap(nil, &made)
	}
	lock := *m.lock.Load()
	select {
	case lock <- struct{}{}:
		return sync.OnceFunc(func() { <-lock }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// valueOf returns the value that p points to, or the zero value.
func valueOf[T any](p *atomic.Pointer[T]) (value T) {
	if v := p.Load(); v != nil {
		value = *v
	}
	return value
}

// Format prints the type's name for every verb.
func (m *MemoryStore) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "MemoryStore{}") }

// LogValue returns the type's name.
func (m *MemoryStore) LogValue() slog.Value { return slog.StringValue("MemoryStore{}") }

const (
	maxStoreSize   = 256 << 10              // of a file in a FileStore
	lockPoll       = 5 * time.Millisecond   // between attempts to take a lock
	renamePatience = 500 * time.Millisecond // on Windows, for a reader to close the file
	saveAttempts   = 10                     // to create a temporary file that no other process removes
)

// FileStore is a store in files that the processes of one user may share. It implements
// [TokenStore], [TokenLocker] and [DeviceStore]. The store's path names the file with the tokens.
// The device is beside it, in a file whose name ends in ".device". The name of the lock file ends
// in ".lock". Create a FileStore with [NewFileStore]. It is safe for concurrent use.
//
// The files are plain JSON: anyone who can read them can act as the user. They have mode 0600. A
// missing folder is created with mode 0700. A FileStore reads only regular files that belong to the
// process's user or to root and that nobody else may write. For any other file, including a
// symbolic link, the error wraps [ErrStoreContent]. On Windows, the folder's access control
// determines who may read and write.
//
// A save replaces the file as a whole and is on disk when Save returns. The operating system
// releases the lock of a process that ends, in whatever way. The lock file stays and is always
// empty; it is not removed because a waiting process may already have it open. The next Save or
// Delete removes temporary files that a killed process has left behind. Locks on network file
// systems may not exclude other machines.
type FileStore struct {
	path string
}

var _ interface {
	TokenStore
	TokenLocker
	DeviceStore
} = (*FileStore)(nil)

// errNoPath is the error of the zero FileStore and of NewFileStore("").
var errNoPath = fieldError("FileStore", "want the path of a file, got none")

// NewFileStore returns a store in the file at path. The file need not exist. NewFileStore does no
// I/O.
func NewFileStore(path string) *FileStore { return &FileStore{path: path} }

// Load returns the tokens in the file, or the zero Tokens if there is no file. Common errors:
// [ErrStoreContent].
func (f *FileStore) Load(context.Context) (Tokens, error) {
	return loadFile[Tokens](f, "", "tokens")
}

// Save writes t to a new file that replaces the old one. Readers see either the old tokens or the
// new ones.
func (f *FileStore) Save(_ context.Context, t Tokens) error { return f.save("", t) }

// Delete removes the file. Deleting when there is no file is not an error.
func (f *FileStore) Delete(context.Context) error { return f.remove("") }

// LoadDevice returns the device in its file, or the zero Device if there is no file. Common errors:
// [ErrStoreContent].
func (f *FileStore) LoadDevice(context.Context) (Device, error) {
	return loadFile[Device](f, deviceSuffix, "a device")
}

// SaveDevice writes d to a new file that replaces the old one.
func (f *FileStore) SaveDevice(_ context.Context, d Device) error { return f.save(deviceSuffix, d) }

// DeleteDevice removes the device's file. Deleting when there is no file is not an error.
func (f *FileStore) DeleteDevice(context.Context) error { return f.remove(deviceSuffix) }

const deviceSuffix = ".device"

// loadFile decodes the file at the store's path with suffix. It returns the zero T if there is no
// file, or with an error.
func loadFile[T any](f *FileStore, suffix, want string) (none T, err error) {
	if f.path == "" {
		return none, errNoPath
	}
	path := f.path + suffix
	file, err := openOwn(path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxStoreSize+1))
	if err != nil {
		return none, err
	}
	if len(text) > maxStoreSize {
		return none, contentError(path, fmt.Sprintf("want at most %d bytes", maxStoreSize))
	}
	var v T
	if json.Unmarshal(text, &v) != nil { // its error may quote the file
		return none, contentError(path, "want "+want+" as JSON")
	}
	return v, nil
}

// openOwn opens the file at path for reading if it is a regular file that only the process's user
// and root can have written. Opening any other kind of file might block or have side effects.
func openOwn(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, contentError(path, "want a regular file")
	}
	file, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0) //nolint:gosec // the caller named the file
	if err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err == nil { // the path may name another file by now
		switch problem := distrust(info); {
		case !info.Mode().IsRegular():
			err = contentError(path, "want a regular file")
		case problem != "":
			err = contentError(path, problem)
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// contentError returns an error that reports problem for the file at path.
func contentError(path, problem string) error {
	return fmt.Errorf("%s: %w: %s", path, ErrStoreContent, problem)
}

// save writes v to the file at the store's path with suffix.
func (f *FileStore) save(suffix string, v any) error {
	if f.path == "" {
		return errNoPath
	}
	path := f.path + suffix
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	sweep(path)
	for attempt := 1; ; attempt++ {
		err := replace(path, text)
		if err == nil || attempt == saveAttempts || !errors.Is(err, errSwept) {
			return err
		}
	}
}

// errSwept reports that another process has removed a temporary file before it was locked.
var errSwept = errors.New("the temporary file was removed")

// replace replaces the file at path with a new file that contains text.
func replace(path string, text []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // with mode 0600
	if err != nil {
		return err
	}
	name := file.Name()
	unlock, swept := guard(file)
	defer unlock()
	if swept {
		return errors.Join(errSwept, file.Close())
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = rename(name, path)
	}
	if err != nil {
		_ = os.Remove(name)
		if runtime.GOOS == "windows" && errors.Is(err, fs.ErrNotExist) { // removed after it was closed
			err = errors.Join(errSwept, err)
		}
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// guard locks a temporary file, so that no other process removes it. swept reports whether one
// already has. On Windows an open file cannot be removed, and a lock would prevent writing to it.
func guard(file *os.File) (unlock func(), swept bool) {
	if runtime.GOOS == "windows" {
		return func() {}, false
	}
	lock := newLock(file.Name(), 0)
	unlock = func() { _ = lock.Close() }
	locked, err := lock.TryLock()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unlock, false // the file system has no locks
	}
	opened, openedErr := file.Stat()
	named, namedErr := os.Lstat(file.Name())
	return unlock, !locked || errors.Join(openedErr, namedErr) != nil || !os.SameFile(opened, named)
}

// sweep removes the temporary files of path that killed processes have left behind.
func sweep(path string) {
	folder, base := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(folder + "."))
	if err != nil {
		return
	}
	for _, entry := range entries {
		number, ok := strings.CutPrefix(entry.Name(), base+".")
		number, isTemporary := strings.CutSuffix(number, ".tmp")
		if ok && isTemporary && number != "" && strings.Trim(number, "0123456789") == "" {
			removeUnused(filepath.Join(folder, entry.Name()))
		}
	}
}

// removeUnused removes the temporary file name if no process uses it.
func removeUnused(name string) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || distrust(info) != "" {
		return
	}
	if runtime.GOOS != "windows" {
		lock := newLock(name, 0)
		defer func() { _ = lock.Close() }()
		if locked, err := lock.TryLock(); err != nil || !locked {
			return
		}
	}
	_ = os.Remove(name) // fails on Windows while the file is open
}

// remove removes the file at the store's path with suffix, and its leftover temporary files.
func (f *FileStore) remove(suffix string) error {
	if f.path == "" {
		return nil
	}
	path := f.path + suffix
	sweep(path)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// Lock waits, at most until ctx is done, for the lock that sessions hold while they change the
// tokens; see [TokenLocker]. It excludes other processes and other FileStores of this process. An
// error other than that of ctx means that the lock file cannot be created or locked, for example in
// a read-only folder. The tokens can then still be loaded without the lock.
func (f *FileStore) Lock(ctx context.Context) (unlock func(), err error) {
	if f.path == "" {
		return nil, errNoPath
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the lock file: %w", err)
	}
	path := f.path + ".lock"
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the lock file: %w", err)
	}
	done, err := lockFiles.Lock(ctx, whole)
	if err != nil {
		return nil, fmt.Errorf("wait for the lock file %s: %w", path, err)
	}
	lock := newLock(path, os.O_CREATE)
	unlock = sync.OnceFunc(func() {
		_ = lock.Close()
		done()
	})
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		unlock()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("wait for the lock file %s: %w", path, err)
		}
		return nil, fmt.Errorf("take the lock file: %w", err) // err names the path
	}
	if info, err := lock.Stat(); err != nil || !info.Mode().IsRegular() {
		unlock()
		return nil, errors.Join(fmt.Errorf("%s: want a regular file", path), err)
	}
	return unlock, nil
}

// lockFiles are the lock files of this process's FileStores, by path. Only one FileStore polls the
// kernel's lock; the others wait in a queue.
var lockFiles flight.Locks[string]

// newLock returns the kernel's lock of the file at path. It opens the file with flag.
func newLock(path string, flag int) *flock.Flock {
	switch runtime.GOOS {
	case "aix", "solaris": // an exclusive lock requires write access
		flag |= os.O_RDWR
	default: // os.O_RDONLY, so that a lock file on a read-only file system can be locked
	}
	return flock.New(path, flock.SetFlag(flag|openFlags))
}

// rename renames from to to. On Windows it retries, because renaming fails while another process
// reads to.
func rename(from, to string) error {
	for end := time.Now().Add(renamePatience); ; time.Sleep(lockPoll) {
		err := os.Rename(from, to)
		if err == nil || runtime.GOOS != "windows" || errors.Is(err, fs.ErrNotExist) || time.Now().After(end) {
			return err
		}
	}
}

// syncFolder makes a rename or a removal survive a power failure. Errors are ignored: Windows
// cannot open folders, and some file systems cannot sync them.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil { //nolint:gosec // the caller named the folder
		_ = folder.Sync()
		_ = folder.Close()
	}
}
