package cognito_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// chaosSession is a user's session, and what is known of it.
type chaosSession struct {
	b        *chaos
	rng      *rand.Rand
	name     string
	password string
	totp     string // the secret of the software token; "" for none
	options  []cognito.SessionOption
	store    cognito.TokenStore
	c        *cognito.Cognito
	held     bool // it has signed in, and has neither signed out nor been told that it is over
	waits    bool // the key of the last sign-in's tokens was not available

	story []string // how each step ended

	mu      sync.Mutex // protects the fields below
	refresh string     // the last refresh token that arrived whole
	device  string     // the device key in the access token that came with it
}

// chaosKey is where a context has its session, for witness.
type chaosKey struct{}

// newChaosSession adds a user to the pool and makes a session for the user.
func newChaosSession(b *chaos, i int, rng *rand.Rand) *chaosSession {
	s := &chaosSession{b: b, rng: rng, name: fmt.Sprintf("user%d", i), password: fmt.Sprintf("Pass-Word-%d-%x", i, rng.Uint64())}
	user := cognitotest.User{
		Username: s.name, Password: s.password, Attributes: map[string]string{"email": s.name + "@example.com", "email_verified": "true"},
	}
	if rng.IntN(3) == 0 {
		s.totp = strings.ToUpper(strings.NewReplacer("0", "A", "1", "B", "8", "C", "9", "D").Replace(fmt.Sprintf("%032x", rng.Uint64())))
		user.TOTPSecret = s.totp
		if rng.IntN(2) == 0 {
			s.options = append(s.options, cognito.WithChallengeHandler(cognito.TOTPHandler(s.totp)))
		}
	}
	b.srv.AddUser(user)
	b.secret("password", s.password)
	b.secret("TOTP secret", s.totp)
	if s.store = b.storeOf(i); s.store != nil {
		s.options = append(s.options, cognito.WithTokenStore(s.store))
	}
	if rng.IntN(2) == 0 {
		s.options = append(s.options, cognito.WithDeviceTracking("chaos"))
	}
	s.c = b.client.ForUser(s.name, s.options...)
	return s
}

// witness sees what arrives for the session in a request's context.
type witness struct{ base http.RoundTripper }

func (w witness) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.base.RoundTrip(req)
	s, _ := req.Context().Value(chaosKey{}).(*chaosSession)
	if err != nil || s == nil {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failingReader{err}))
		return resp, nil
	}
	s.hear(body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// hear notes the secrets of an answer, and the refresh token in it.
func (s *chaosSession) hear(body []byte) {
	var answer struct {
		Session              string
		AuthenticationResult struct{ AccessToken, IDToken, RefreshToken string }
	}
	if json.Unmarshal(body, &answer) != nil { // it tells names apart by more than case
		return
	}
	result := answer.AuthenticationResult
	s.b.secret("challenge's session", answer.Session)
	s.b.secret("access token", result.AccessToken)
	s.b.secret("ID token", result.IDToken)
	s.b.secret("refresh token", result.RefreshToken)
	if result.RefreshToken == "" {
		return
	}
	claims, _ := claimsUnread(result.AccessToken)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh = result.RefreshToken
	s.device, _ = claims["device_key"].(string)
}

func (s *chaosSession) heard() (refresh, device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refresh, s.device
}

func claimsUnread(raw string) (claims jwt.MapClaims, err error) {
	claims = jwt.MapClaims{}
	_, _, err = jwt.NewParser().ParseUnverified(raw, claims)
	return claims, err
}

// errorf fails the test, and tells what came before.
func (s *chaosSession) errorf(format string, args ...any) {
	s.b.t.Errorf("%s: %s\n%s", s.name, fmt.Sprintf(format, args...), strings.Join(s.story, "\n"))
}

// note records how a step ended, and checks what it left: no token of another user's; and if the
// session lost its tokens, that the pool does not take them any more.
func (s *chaosSession) note(ctx context.Context, what string, err error) {
	s.b.say(err)
	tokens := s.c.Tokens()
	s.story = append(s.story, fmt.Sprintf("%s: %v, %v", what, tokens, err))
	for _, raw := range []string{tokens.AccessToken, tokens.IDToken} {
		s.checkOwner(what, raw)
	}
	if access, id := s.c.AccessClaims(), s.c.IDClaims(); access != nil && access.Username != s.name || id != nil && id.Username != s.name {
		s.errorf("%s: claims of another user: %v, %v", what, access, id)
	}
	if device, ok := s.c.Device(); ok {
		s.b.secret("device's password", device.Password)
	}
	s.b.say(s.c.DeviceError())
	if tokens != (cognito.Tokens{}) {
		s.held = true
	} else if s.held && saysOver(err) {
		s.confirmLoss(ctx, what, err)
		s.held = false
	}
}

// saysOver reports whether err may end a session. A renewal that nobody waited for can have found
// that out before.
func saysOver(err error) bool {
	return cognito.IsTerminal(err) || errors.Is(err, cognito.ErrNotSignedIn)
}

// checkOwner checks that a token is the session's user's.
func (s *chaosSession) checkOwner(what, raw string) {
	if raw == "" {
		return
	}
	claims, err := claimsUnread(raw)
	name := claims["username"]
	if name == nil {
		name = claims["cognito:username"]
	}
	if err != nil || name != s.name {
		s.errorf("%s: a token of %v's (%v)", what, name, err)
	}
}

// confirmLoss asks the pool whether it would still take the refresh token that arrived last.
func (s *chaosSession) confirmLoss(ctx context.Context, what string, because error) {
	refresh, device := s.heard()
	for _, key := range []string{device, ""} {
		for range 50 { // there may be faults yet
			in := &cognitoidentityprovider.GetTokensFromRefreshTokenInput{ClientId: aws.String(s.b.srv.ClientID), RefreshToken: aws.String(refresh)}
			if s.b.srv.ClientSecret != "" {
				in.ClientSecret = aws.String(s.b.srv.ClientSecret)
			}
			if key != "" {
				in.DeviceKey = aws.String(key)
			}
			_, err := s.c.Client().GetTokensFromRefreshToken(context.WithoutCancel(ctx), in)
			var refused *types.NotAuthorizedException
			var reused *types.RefreshTokenReuseException
			if errors.As(err, &refused) || errors.As(err, &reused) {
				break
			}
			if err == nil {
				s.errorf("%s: lost a session that the pool still holds: %v", what, because)
				return
			}
		}
	}
}

// signedIn records how a sign-in ended. Tokens that arrived whole must not be lost.
func (s *chaosSession) signedIn(ctx context.Context, what, before string, err error) {
	after, _ := s.heard()
	switch {
	case err == nil || errors.Is(err, cognito.ErrKeysUnavailable) || errors.Is(err, cognito.ErrUnknownKey):
		s.held, s.waits = true, err != nil
	case after != before && ctx.Err() == nil:
		s.errorf("%s: the tokens arrived, and the sign-in failed: %v", what, err)
	}
	s.note(ctx, what, err)
}

// settle checks without faults that a session that was not lost has tokens, and so has who shares
// its store.
func (s *chaosSession) settle(ctx context.Context, when string) {
	ctx = context.WithValue(ctx, chaosKey{}, s)
	if !s.held {
		return
	}
	tokens, err := s.c.Token(ctx)
	s.checkOwner(when, tokens.AccessToken)
	if err != nil && !saysOver(err) {
		s.errorf("%s: %v", when, err)
	}
	if s.note(ctx, when, err); err != nil || s.store == nil {
		return
	}
	device, _ := s.c.Device()
	other := s.b.client.ForUser(s.name, cognito.WithTokenStore(s.store), cognito.WithDevice(device))
	tokens, err = other.Token(ctx)
	s.checkOwner(when, tokens.AccessToken)
	if err == nil {
		return
	}
	// The session may have tokens that were verified with a key that is gone, and a refresh token
	// that is dead.
	if renewal := s.c.RenewAccessToken(ctx); !cognito.IsTerminal(err) || !cognito.IsTerminal(renewal) && !errors.Is(renewal, cognito.ErrNotSignedIn) {
		s.errorf("%s: another process with the same store: %v, and a refresh here: %v", when, err, renewal)
	}
}

// signInAgain checks that the faults left nothing behind that prevents a sign-in.
func (s *chaosSession) signInAgain(ctx context.Context) {
	ctx = context.WithValue(ctx, chaosKey{}, s)
	before, _ := s.heard()
	err := s.c.Authenticate(ctx, s.password)
	if errors.Is(err, cognito.ErrSoftwareTokenMFARequired) {
		err = s.c.RespondToSoftwareTokenMFAChallenge(ctx, s.code())
	}
	if err != nil {
		s.errorf("sign in again: %v", err)
	}
	s.signedIn(ctx, "sign in again", before, err)
}

// code is the user's current TOTP code.
func (s *chaosSession) code() string {
	if s.totp == "" {
		return "000000"
	}
	code := s.b.srv.TOTP(s.name)
	s.b.secret("code", code)
	return code
}

// patience is a context that may end before the step does.
func (s *chaosSession) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithValue(ctx, chaosKey{}, s)
	if s.rng.IntN(6) > 0 {
		return context.WithTimeout(ctx, time.Minute)
	}
	return context.WithTimeout(ctx, time.Duration(s.rng.IntN(8_000))*time.Microsecond)
}
