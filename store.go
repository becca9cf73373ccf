package cognito

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// TokenStore keeps the tokens of one session beyond the process; see [WithTokenStore]. Its methods may be called
// from several goroutines.
type TokenStore interface {
	// Load returns the tokens that were saved last; the zero Tokens when there are none.
	Load(ctx context.Context) (Tokens, error)
	// Save keeps tokens in place of earlier ones.
	Save(ctx context.Context, t Tokens) error
	// Delete forgets the tokens. That there are none is no error.
	Delete(ctx context.Context) error
}

// TokenLocker is what a [TokenStore] that several processes share may implement. A renewal then runs under the lock, and
// takes the tokens that another process has saved meanwhile, so that no two processes spend the same refresh token.
type TokenLocker interface {
	// Lock waits until no other process has the lock, but not longer than ctx, and returns what gives it back.
	// Save, Load and Delete are called while it is held.
	Lock(ctx context.Context) (unlock func(), err error)
}

// DeviceStore TEMPORARY
type DeviceStore interface {
	LoadDevice(ctx context.Context) (Device, error)
	SaveDevice(ctx context.Context, d Device) error
	DeleteDevice(ctx context.Context) error
}

// MemoryStore is a [TokenStore] in memory: for tests, and for sessions of one process that share their tokens.
// It is safe for concurrent use; printed or logged it shows no token. The zero MemoryStore is an empty one, and must not
// be copied once it is in use.
type MemoryStore struct {
	state *memoryState // behind a pointer, so that printing what holds the store shows an address; nil before its first use
}

type memoryState struct {
	lock chan struct{} // holds one element while it is locked

	mu     sync.Mutex // protects the field below
	tokens *Tokens    // a pointer for the same reason
}

var _ TokenLocker = (*MemoryStore)(nil)

// NewMemoryStore makes an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{} }

// made returns the state, which it makes if there is none yet.
func (m *MemoryStore) made() *memoryState {
	making.Lock()
	defer making.Unlock()
	if m.state == nil {
		m.state = &memoryState{lock: make(chan struct{}, 1), tokens: &Tokens{}}
	}
	return m.state
}

// making protects the field state of all stores: a mutex of each could not be copied, as printing a store does.
var making sync.Mutex

// Load returns the tokens; the zero Tokens when there are none.
func (m *MemoryStore) Load(context.Context) (Tokens, error) {
	state := m.made()
	state.mu.Lock()
	defer state.mu.Unlock()
	return *state.tokens, nil
}

// Save keeps t in place of what there was.
func (m *MemoryStore) Save(_ context.Context, t Tokens) error {
	state := m.made()
	state.mu.Lock()
	defer state.mu.Unlock()
	state.tokens = &t
	return nil
}

// Delete forgets the tokens.
func (m *MemoryStore) Delete(ctx context.Context) error { return m.Save(ctx, Tokens{}) }

// Lock waits for the lock that renewals of several sessions take; see [TokenLocker].
func (m *MemoryStore) Lock(ctx context.Context) (unlock func(), err error) {
	lock := m.made().lock
	select {
	case lock <- struct{}{}:
		return sync.OnceFunc(func() { <-lock }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Format prints the type's name, whatever the verb.
func (m MemoryStore) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "MemoryStore{}") }

// LogValue logs the type's name.
func (m MemoryStore) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

const (
	maxStoreSize   = 256 << 10              // of the file of a FileStore
	lockPoll       = 20 * time.Millisecond  // between two looks at a lock that another process has
	staleLock      = 2 * time.Minute        // then the process that took it is gone: no renewal takes that long
	renamePatience = 500 * time.Millisecond // on Windows, for a reader of the file to close it
)

// FileStore is a [TokenStore] in a file, which several processes may share: renewals take turns by a lock file
// beside it, whose name ends in ".lock". A process that ends while it holds the lock delays the others by two
// minutes at most. Whoever can read the file is the user: it is made readable for its owner only (0600, and its
// folder, if it is missing, 0700), which on Windows is left to the folder's own rights. A save replaces the file as a
// whole. A FileStore is safe for concurrent use. Make one with [NewFileStore].
type FileStore struct {
	path string
}

var _ TokenLocker = (*FileStore)(nil)

// errNoPath answers for the zero FileStore, and for NewFileStore("").
var errNoPath = fieldError("FileStore", "want the path of a file, got none")

// NewFileStore makes a store in the file path, which need not exist. It does no I/O.
func NewFileStore(path string) *FileStore { return &FileStore{path: path} }

// Load reads the tokens; the zero Tokens when there is no file.
func (f *FileStore) Load(context.Context) (Tokens, error) {
	if f.path == "" {
		return Tokens{}, errNoPath
	}
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Tokens{}, nil
	}
	if err != nil {
		return Tokens{}, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxStoreSize+1))
	if err == nil && len(text) > maxStoreSize {
		err = fmt.Errorf("want at most %d bytes, got more", maxStoreSize)
	}
	var tokens Tokens
	if err == nil && json.Unmarshal(text, &tokens) != nil {
		err = errors.New("want tokens as JSON") // the decoder's own error could quote from the file
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("%s: %w", f.path, err)
	}
	return tokens, nil
}

// Save writes t to a new file and puts that in place of the old one, so that no reader ever sees half of it.
func (f *FileStore) Save(_ context.Context, t Tokens) error {
	if f.path == "" {
		return errNoPath
	}
	text, err := json.Marshal(t) //nolint:gosec // to keep them is what the store is for
	if err != nil {
		return err
	}
	folder := filepath.Dir(f.path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, filepath.Base(f.path)+".*.tmp") // with 0600
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = replaceFile(file.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	syncFolder(folder)
	return nil
}

// Delete removes the file, if there is one.
func (f *FileStore) Delete(context.Context) error {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Lock waits for the lock that renewals of several processes take; see [TokenLocker].
func (f *FileStore) Lock(ctx context.Context) (unlock func(), err error) {
	if f.path == "" {
		return nil, errNoPath
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, err
	}
	path, owner := f.path+".lock", rand.Text()
	for {
		taken, err := takeLock(path, owner)
		if err != nil {
			return nil, err
		}
		if taken {
			return sync.OnceFunc(func() { releaseLock(path, owner) }), nil
		}
		breakStaleLock(path)
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, fmt.Errorf("another process has %s: %w", path, ctx.Err())
		}
	}
}

// takeLock makes the lock file and writes into it whose it is.
func takeLock(path, owner string) (taken bool, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the caller named the file
	switch {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil && runtime.GOOS == "windows" && errors.Is(err, fs.ErrPermission):
		return false, nil // it is just being removed
	case err != nil:
		return false, err
	}
	_, err = file.WriteString(owner)
	if err = errors.Join(err, file.Close()); err != nil {
		return false, errors.Join(err, os.Remove(path))
	}
	return true, nil
}

// releaseLock removes the lock file, if it is still owner's.
func releaseLock(path, owner string) {
	if now, err := os.ReadFile(path); err == nil && string(now) == owner { //nolint:gosec // the caller named the file
		_ = os.Remove(path) // else it becomes stale
	}
}

// breakStaleLock removes a lock whose process is gone. Of several that try, each moves the file that it then
// holds alone, and one that turns out to be fresh is put back.
func breakStaleLock(path string) {
	seen, err := os.Lstat(path) // what a link leads to is not the lock
	if err != nil || time.Since(seen.ModTime()) < staleLock {
		return
	}
	aside := path + "." + rand.Text()
	if os.Rename(path, aside) != nil {
		return // another process was faster
	}
	if moved, err := os.Lstat(aside); err == nil && !moved.ModTime().Equal(seen.ModTime()) {
		_ = os.Link(aside, path) // it fails where a third process has locked meanwhile
	}
	_ = os.Remove(aside)
}

// replaceFile renames from to to. On Windows that fails while another process reads the file, which is over soon.
func replaceFile(from, to string) error {
	for end := time.Now().Add(renamePatience); ; time.Sleep(lockPoll) {
		err := os.Rename(from, to)
		if err == nil || runtime.GOOS != "windows" || time.Now().After(end) {
			return err
		}
	}
}

// syncFolder makes a rename outlast a power cut, where the system knows how; Windows does not open folders.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil { //nolint:gosec // the caller named the folder
		_ = folder.Sync()
		_ = folder.Close()
	}
}
