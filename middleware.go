package cognito

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ErrNoToken is the reason in a [*TokenError] when the request carries no bearer token.
var ErrNoToken = errors.New("request has no bearer token in its Authorization header")

// errAuthorization: there is an Authorization header, but not one that can be read.
var errAuthorization = errors.New("want one Authorization header with one bearer token")

// checker is what a [Verifier] and a [MultiVerifier] have in common.
type checker interface {
	VerifyAccessToken(ctx context.Context, raw string) (*AccessClaims, error)
}

// Check verifies the access token that r carries in its one Authorization header, as "Bearer " and the token, and
// returns the claims. Tokens elsewhere, as in the query, are not looked at. The error is a [*TokenError]:
// [ErrNoToken] when there is none, [ErrKeysUnavailable] when it could not be checked, [ErrNotInGroup] and
// [ErrInsufficientScope] when it is good but not enough, and another reason when it is bad. r is not changed. Check
// may be called from several goroutines.
func (v *Verifier) Check(r *http.Request) (*AccessClaims, error) { return check(v, r) }

// Handler calls next for requests whose access token [Verifier.Check] finds good, with the claims in their context
// (see [ClaimsFromContext]). It answers the others itself, in the terms of RFC 6750 and without a detail in the body: 401
// without a good token, 403 when [WithGroups] or [WithScopes] refuse it, both with WWW-Authenticate, and 503 when
// the keys could not be fetched. [WithVerifierLogger] gets the details.
//
// All methods need a token, OPTIONS too; a handler for CORS, whose preflights carry none, goes around this one.
func (v *Verifier) Handler(next http.Handler) http.Handler { return protect(v, next) }

// claimsKey is the key of the claims in a request's context.
type claimsKey struct{}

// ClaimsFromContext returns the claims that [Verifier.Handler] put into a request's context; ok is false when there
// are none. Handlers of one request share the claims, so they must not be changed.
func ClaimsFromContext(ctx context.Context) (claims *AccessClaims, ok bool) {
	claims, ok = ctx.Value(claimsKey{}).(*AccessClaims)
	return claims, ok
}

func check(v checker, r *http.Request) (*AccessClaims, error) {
	raw, err := bearerToken(r.Header)
	if err != nil {
		return nil, &TokenError{Use: AccessToken, Reason: err}
	}
	return v.VerifyAccessToken(r.Context(), raw)
}

func protect(v checker, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := check(v, r)
		if err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
	})
}

// bearerToken finds the token in the header. The scheme may be written in any case, RFC 7235 says.
func bearerToken(h http.Header) (string, error) {
	fields := h["Authorization"]
	switch len(fields) {
	case 0:
		return "", ErrNoToken
	case 1:
	default:
		return "", fmt.Errorf("%w: got %d headers", errAuthorization, len(fields))
	}
	scheme, token, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", fmt.Errorf("%w: it is for another scheme", ErrNoToken)
	}
	token = strings.TrimLeft(token, " ")
	if token == "" || strings.ContainsAny(token, " \t,") {
		return "", errAuthorization
	}
	return token, nil
}

// refuse answers a request whose token is not good.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, challenge := http.StatusUnauthorized, `Bearer error="invalid_token"`
	switch {
	case errors.Is(err, ErrKeysUnavailable):
		status, challenge = http.StatusServiceUnavailable, ""
	case errors.Is(err, ErrNotInGroup), errors.Is(err, ErrInsufficientScope):
		status, challenge = http.StatusForbidden, `Bearer error="insufficient_scope"`
	case errors.Is(err, ErrNoToken): // a request without credentials gets no error code
		challenge = `Bearer realm="api"`
	case errors.Is(err, errAuthorization):
		challenge = `Bearer error="invalid_request"`
	}
	h := w.Header()
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	} else {
		h.Set("Retry-After", "1")
	}
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	http.Error(w, http.StatusText(status), status)
}
