package cognito

import (
	"context"
	"fmt"
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

// loaded returns the session's newest tokens, from the store if the session has none.
func (s *session) loaded(ctx context.Context) (Tokens, error) {
	if tokens := s.newest(); tokens != (Tokens{}) || s.store == nil {
		return tokens, nil
	}
	tokens, err := s.store.Load(ctx)
	if err != nil {
		return Tokens{}, fmt.Errorf("load from the token store: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil && tokens != (Tokens{}) { // nobody signed in meanwhile
		s.tokens = &tokens
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
