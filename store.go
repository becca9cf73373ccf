package cognito

import (
	"context"
	"fmt"
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

// lock locks the store, if it can be locked.
func (s *session) lock(ctx context.Context) (unlock func(), err error) {
	locker, ok := s.store.(TokenLocker)
	if !ok {
		return func() {}, nil
	}
	if unlock, err = locker.Lock(ctx); err != nil {
		return nil, fmt.Errorf("lock the token store: %w", err)
	}
	return unlock, nil
}

// stored returns the tokens in the store; the zero Tokens without one.
func (s *session) stored(ctx context.Context) (Tokens, error) {
	if s.store == nil {
		return Tokens{}, nil
	}
	tokens, err := s.store.Load(ctx)
	if err != nil {
		return Tokens{}, fmt.Errorf("load from the token store: %w", err)
	}
	return tokens, nil
}

// forgetIf deletes what the store has, if that is t.
func (s *session) forgetIf(ctx context.Context, t Tokens) error {
	stored, err := s.stored(ctx)
	if err != nil || stored.RefreshToken != t.RefreshToken {
		return err
	}
	return s.forget(ctx)
}

// loaded returns the session's newest tokens, from the store if the session has none.
func (s *session) loaded(ctx context.Context) (Tokens, error) {
	if s == nil {
		return Tokens{}, errNotMade
	}
	epoch, tokens := s.snapshot()
	if tokens != (Tokens{}) || s.store == nil {
		return tokens, nil
	}
	tokens, err := s.stored(ctx)
	if err != nil {
		return Tokens{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens != nil { // somebody signed in meanwhile
		return *s.tokens, nil
	}
	if s.epoch != epoch { // or out
		return Tokens{}, nil
	}
	if tokens != (Tokens{}) {
		s.tokens, s.renewAt = &tokens, time.Time{}
	}
	return tokens, nil
}

// save keeps tokens in the store, if there is one.
func (s *session) save(ctx context.Context, t Tokens) error {
	if s.store == nil {
		return nil
	}
	if err := s.store.Save(ctx, t); err != nil {
		return fmt.Errorf("save to the token store: %w", err)
	}
	return nil
}

// forget deletes what the store has, if there is one.
func (s *session) forget(ctx context.Context) error {
	if s.store == nil {
		return nil
	}
	if err := s.store.Delete(ctx); err != nil {
		return fmt.Errorf("delete from the token store: %w", err)
	}
	return nil
}
