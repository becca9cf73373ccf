package cognito

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// MultiVerifier verifies the tokens of several user pools, each by its own [Verifier]. The issuer that a token names
// only chooses among these; no address is ever made from it. It is safe for concurrent use.
type MultiVerifier struct {
	verifiers []*Verifier
	byIssuer  map[string]*Verifier
}

// NewMultiVerifier makes a verifier of the tokens that any of vs accepts. It does no I/O. That two of them accept the
// same issuer is an error, as is that there is none.
func NewMultiVerifier(vs ...*Verifier) (*MultiVerifier, error) {
	m := &MultiVerifier{byIssuer: map[string]*Verifier{}}
	var errs []error
	if len(vs) == 0 {
		errs = append(errs, fieldError("verifiers", "want at least one"))
	}
	for i, v := range vs {
		if v == nil || v.keys == nil {
			errs = append(errs, fieldError(fmt.Sprintf("verifier %d", i+1), "want one from NewVerifier, got nil"))
			continue
		}
		m.verifiers = append(m.verifiers, v)
		for _, issuer := range v.issuers {
			if m.byIssuer[issuer] != nil && m.byIssuer[issuer] != v {
				errs = append(errs, fieldError(fmt.Sprintf("verifier %d", i+1), "want an issuer that no other has, got "+quote(issuer)))
			}
			m.byIssuer[issuer] = v
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, wrapError("NewMultiVerifier", err)
	}
	return m, nil
}

// VerifyAccessToken verifies an access token as [Verifier.VerifyAccessToken] does. That no verifier accepts its
// issuer is [ErrTokenIssuer].
func (m *MultiVerifier) VerifyAccessToken(ctx context.Context, raw string) (*AccessClaims, error) {
	v, err := m.choose(raw, AccessToken)
	if err != nil {
		return nil, err
	}
	return v.VerifyAccessToken(ctx, raw)
}

// VerifyIDToken verifies an ID token as [Verifier.VerifyIDToken] does. That no verifier accepts its issuer is
// [ErrTokenIssuer].
func (m *MultiVerifier) VerifyIDToken(ctx context.Context, raw string) (*IDClaims, error) {
	v, err := m.choose(raw, IDToken)
	if err != nil {
		return nil, err
	}
	return v.VerifyIDToken(ctx, raw)
}

// VerifyInto verifies a token as [Verifier.VerifyInto] does. That no verifier accepts its issuer is
// [ErrTokenIssuer].
func (m *MultiVerifier) VerifyInto(ctx context.Context, raw string, use TokenUse, claims any) error {
	if err := errors.Join(checkUse(use), checkTarget(claims)); err != nil {
		return wrapError("VerifyInto", err)
	}
	v, err := m.choose(raw, use)
	if err != nil {
		return err
	}
	return v.VerifyInto(ctx, raw, use, claims)
}

// Preload fetches the key sets of all pools that have none yet, beside each other. The error wraps
// [ErrKeysUnavailable] and names each set that could not be fetched; the others can be used.
func (m *MultiVerifier) Preload(ctx context.Context) error {
	if m == nil || m.byIssuer == nil {
		return wrapError("Preload", errNoVerifier)
	}
	errs := make([]error, len(m.verifiers))
	var wg sync.WaitGroup
	for i, v := range m.verifiers {
		wg.Go(func() { errs[i] = v.keys.preload(ctx) })
	}
	wg.Wait()
	return wrapError("Preload", errors.Join(errs...))
}

// Check verifies the access token that r carries, as [Verifier.Check] does.
func (m *MultiVerifier) Check(r *http.Request) (*AccessClaims, error) { return check(m, r) }

// Handler calls next for requests with a good access token and answers the others, as [Verifier.Handler] does.
func (m *MultiVerifier) Handler(next http.Handler) http.Handler { return protect(m, next) }

// choose finds the verifier of the issuer that raw names, of which nothing is verified yet.
func (m *MultiVerifier) choose(raw string, use TokenUse) (*Verifier, error) {
	if m == nil || m.byIssuer == nil {
		return nil, &TokenError{Use: use, Reason: errNoVerifier}
	}
	t, err := parseToken(raw)
	if err == nil && m.byIssuer[t.claims.issuer] == nil {
		err = fmt.Errorf("%w: want that of one of %d verifiers, got %s", ErrTokenIssuer, len(m.verifiers), quote(t.claims.issuer))
	}
	if err != nil {
		return nil, &TokenError{Use: use, Reason: err}
	}
	return m.byIssuer[t.claims.issuer], nil
}
