package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gocognito/cognito"
)

const (
	sessionCookie = "session"
	sessionLife   = 30 * 24 * time.Hour // the default life of refresh tokens
)

// sessions keeps the tokens of each browser under a random ID. It is a folder of FileStores. They
// lock their files, so any number of processes may share the folder. To use contrib/redisstore or
// contrib/pgstore, replace store with their Session method.
type sessions struct{ folder string }

// store returns the store of the session id. The file is named by a hash, so that listing the
// folder discloses no ID.
func (s sessions) store(id string) *cognito.FileStore {
	sum := sha256.Sum256([]byte(id))
	return cognito.NewFileStore(filepath.Join(s.folder, hex.EncodeToString(sum[:])))
}

// sweep removes the files of expired sessions, and leftover files of ended ones.
func (s sessions) sweep(now time.Time) error {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return err
	}
	age := func(path string) time.Duration {
		info, err := os.Lstat(path)
		if err != nil {
			return sessionLife
		}
		return now.Sub(info.ModTime())
	}
	for _, entry := range entries {
		path := filepath.Join(s.folder, entry.Name())
		tokens := path[:len(path)-len(filepath.Ext(path))] // without .device and .lock
		if age(tokens) < sessionLife || age(path) < time.Hour {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// keepSwept sweeps once an hour until ctx is done.
func (s sessions) keepSwept(ctx context.Context) {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		if err := s.sweep(time.Now()); err != nil {
			slog.WarnContext(ctx, "web: old sessions stay", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// attempt returns a client for a sign-in that a request begins or continues. typed is the name that
// the user entered. The client is in memory only: the server stores nothing before the user is
// signed in.
func (s *site) attempt(r *http.Request, username, typed string, opts ...cognito.SessionOption) *cognito.Cognito {
	opts = append(opts, cognito.WithDeviceTracking(browserName(r)))
	var known deviceOf
	if s.sealer.get(r, deviceCookie, &known) && known.Typed == typed {
		opts = append(opts, cognito.WithDevice(known.Device))
	}
	return s.pool.ForUser(username, opts...)
}

const (
	deviceCookie = "device"
	deviceLife   = 365 * 24 * time.Hour
)

// deviceOf is the pool's device for this browser and for the user who entered the name Typed. It
// outlives the session.
type deviceOf struct {
	Typed  string         `json:"typed"`
	Device cognito.Device `json:"device"`
}

// signedIn starts the browser's session with the tokens of a successful sign-in. The session gets a
// new ID, which prevents session fixation. An earlier session of the browser ends.
func (s *site) signedIn(w http.ResponseWriter, r *http.Request, at *cognito.Cognito, typed string) {
	id := rand.Text()
	store := s.sessions.store(id)
	err := store.Save(r.Context(), at.Tokens())
	device, tracked := at.Device()
	if err == nil && tracked {
		err = store.SaveDevice(r.Context(), device) // refreshes need it
	}
	if err != nil {
		s.revoke(r.Context(), at)
		s.fail(w, r, "/", err)
		return
	}
	if tracked {
		if err := s.sealer.put(w, deviceCookie, deviceOf{typed, device}, deviceLife); err != nil {
			slog.WarnContext(r.Context(), "web: the device is not kept", slog.Any("error", err))
		}
	}
	if old := s.sessionID(r); old != "" {
		s.endSession(r.Context(), old)
	}
	http.SetCookie(w, s.sealer.cookie(sessionCookie, id, sessionLife))
	s.sealer.drop(w, flowCookie)
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// sessionID returns the ID in the request's cookie, or "" if there is none.
func (s *site) sessionID(r *http.Request) string {
	cookie, err := r.Cookie(s.sealer.fullName(sessionCookie))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// endingTime is how long a sign-out waits for the pool, and for the store.
const endingTime = 10 * time.Second

// endSession ends the session id. It revokes the tokens if the pool can be reached, and removes the
// session in any case, even if the browser does not wait.
func (s *site) endSession(ctx context.Context, id string) {
	store := s.sessions.store(id)
	ctx = context.WithoutCancel(ctx)
	// Revoking locks the store, and an empty one should not be left with a lock file.
	if tokens, err := store.Load(ctx); err != nil || tokens.AccessToken != "" {
		session := s.pool.ForUser("", cognito.WithTokenStore(store))
		s.revoke(ctx, session)
		ctx, cancel := context.WithTimeout(ctx, endingTime)
		defer cancel()
		if err := session.ForgetTokens(ctx); err != nil {
			slog.ErrorContext(ctx, "web: the session is still stored", slog.Any("error", err))
		}
	}
	if err := store.DeleteDevice(ctx); err != nil {
		slog.ErrorContext(ctx, "web: the device is still stored", slog.Any("error", err))
	}
}

// revoke revokes the tokens of a session that has ended or that the browser does not get. It logs a
// failure.
func (s *site) revoke(ctx context.Context, session *cognito.Cognito) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endingTime)
	defer cancel()
	if err := session.RevokeToken(ctx); err != nil && !errors.Is(err, cognito.ErrNotSignedIn) {
		slog.WarnContext(ctx, "web: the session is not revoked", slog.Any("error", err))
	}
}

// user is the signed-in user of a request.
type user struct {
	*cognito.Cognito

	id    string
	store *cognito.FileStore
}

func (s *site) user(id string) user {
	store := s.sessions.store(id)
	return user{s.pool.ForUser("", cognito.WithTokenStore(store)), id, store}
}

// account wraps the pages that need a signed-in user. It redirects other browsers to the sign-in.
func (s *site) account(handle func(http.ResponseWriter, *http.Request, user)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := s.sessionID(r)
		if id == "" {
			s.say(w, r, "/", "Please sign in.")
			return
		}
		u := s.user(id)
		if _, err := u.Token(r.Context()); err != nil { // refreshes expired tokens
			s.failUser(w, r, u, "", err)
			return
		}
		handle(w, r, u)
	}
}

// over reports whether err means that the user is not signed in, or no longer signed in.
func over(err error) bool {
	return errors.Is(err, cognito.ErrNotSignedIn) || errors.Is(err, cognito.ErrTokenRevoked) || cognito.IsTerminal(err)
}

// leave removes the session from the browser.
func (s *site) leave(w http.ResponseWriter) {
	s.sealer.drop(w, sessionCookie)
	s.sealer.drop(w, flowCookie)
}
