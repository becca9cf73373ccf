package cognito_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// chaosStep is something that a session may do.
type chaosStep struct {
	name   string
	weight int
	do     func(s *chaosSession, ctx context.Context, what string)
}

// chaosSteps are what a session may do, and how often.
var chaosSteps = []chaosStep{
	{"SRP", 6, signInBy(types.AuthFlowTypeUserSrpAuth)},
	{"password", 5, signInBy(types.AuthFlowTypeUserPasswordAuth)},
	{"admin password", 2, adminSignInBy(types.AuthFlowTypeAdminUserPasswordAuth)},
	{"admin SRP", 1, adminSignInBy(types.AuthFlowTypeUserSrpAuth)},
	{"wrong password", 1, (*chaosSession).wrongPassword},
	{"answer", 8, (*chaosSession).answer},
	{"token", 10, (*chaosSession).token},
	{"tokens at once", 6, (*chaosSession).tokensAtOnce},
	{"renew", 6, call(func(s *chaosSession, ctx context.Context) error { return s.c.RenewAccessToken(ctx) })},
	{"check", 3, call(func(s *chaosSession, ctx context.Context) error {
		_, err := s.c.CheckToken(ctx, true)
		return err
	})},
	{"verify", 3, call(func(s *chaosSession, ctx context.Context) error { return s.c.VerifyTokens(ctx) })},
	{"made-up key", 2, (*chaosSession).madeUpKey},
	{"transport", 8, (*chaosSession).transport},
	{"user", 3, (*chaosSession).user},
	{"profile", 2, call(func(s *chaosSession, ctx context.Context) error {
		_, err := s.c.UpdateProfile(ctx, cognito.Attributes{"custom:of": s.name})
		return err
	})},
	{"admin", 4, (*chaosSession).admin},
	{"confirm device", 4, call(func(s *chaosSession, ctx context.Context) error {
		d, err := s.c.ConfirmDevice(ctx, "chaos")
		s.b.secret("device's password", d.Password)
		if err == nil && d.UserConfirmationNecessary {
			err = s.c.UpdateDeviceStatus(ctx, d.Key, true)
		}
		return err
	})},
	{"forget device", 1, call(func(s *chaosSession, ctx context.Context) error {
		d, _ := s.c.Device()
		return s.c.ForgetDevice(ctx, d.Key)
	})},
	{"restart", 3, (*chaosSession).restart},
	{"sign out", 2, signOutBy((*cognito.Cognito).Logout)},
	{"revoke", 2, signOutBy((*cognito.Cognito).RevokeToken)},
	{"admin signs out", 1, call(func(s *chaosSession, ctx context.Context) error { return s.c.AdminSignOut(ctx, s.name) })},
}

// step does one of chaosSteps.
func (s *chaosSession) step(ctx context.Context, round int) {
	ctx, cancel := s.patience(ctx)
	defer cancel()
	total := 0
	for _, step := range chaosSteps {
		total += step.weight
	}
	n := s.rng.IntN(total)
	for _, step := range chaosSteps {
		if n -= step.weight; n < 0 {
			step.do(s, ctx, fmt.Sprintf("round %d, %s", round, step.name))
			return
		}
	}
}

// call is a step of one call that does not sign in.
func call(do func(s *chaosSession, ctx context.Context) error) func(*chaosSession, context.Context, string) {
	return func(s *chaosSession, ctx context.Context, what string) { s.note(ctx, what, do(s, ctx)) }
}

func signInBy(flow types.AuthFlowType) func(*chaosSession, context.Context, string) {
	return func(s *chaosSession, ctx context.Context, what string) {
		before, _ := s.heard()
		s.signedIn(ctx, what, before, s.c.Authenticate(ctx, s.password, cognito.Flow(flow)))
	}
}

func adminSignInBy(flow types.AuthFlowType) func(*chaosSession, context.Context, string) {
	return func(s *chaosSession, ctx context.Context, what string) {
		before, _ := s.heard()
		s.signedIn(ctx, what, before, s.c.AdminAuthenticate(ctx, s.password, cognito.Flow(flow)))
	}
}

func signOutBy(out func(*cognito.Cognito, context.Context) error) func(*chaosSession, context.Context, string) {
	return func(s *chaosSession, ctx context.Context, what string) {
		err := out(s.c, ctx)
		if err == nil {
			s.held = false
			if s.c.Tokens() != (cognito.Tokens{}) {
				s.errorf("%s: tokens are left", what)
			}
		}
		s.note(ctx, what, err)
	}
}

func (s *chaosSession) wrongPassword(ctx context.Context, what string) {
	err := s.c.Authenticate(ctx, s.password+"x")
	if err == nil {
		s.errorf("%s: taken", what)
	}
	s.note(ctx, what, err)
}

// answer answers the challenge that is pending, which goes through storage first.
func (s *chaosSession) answer(ctx context.Context, what string) {
	ch, ok := s.c.Challenge()
	if !ok {
		return
	}
	stored, err := json.Marshal(ch)
	if err == nil {
		err = json.Unmarshal(stored, &ch)
	}
	if err != nil {
		s.errorf("%s: %v", what, err)
	}
	before, _ := s.heard()
	if s.held || s.store != nil {
		s.signedIn(ctx, what, before, s.c.RespondToSoftwareTokenMFAChallenge(ctx, s.code()))
		return
	}
	s.c = s.b.client.ForUser(s.name, append(s.options, cognito.WithChallenge(ch))...)
	s.signedIn(ctx, what, before, s.c.RespondToChallenge(ctx, cognito.Answer{"SOFTWARE_TOKEN_MFA_CODE": s.code()}))
}

func (s *chaosSession) token(ctx context.Context, what string) {
	tokens, err := s.c.Token(ctx)
	s.checkOwner(what, tokens.AccessToken)
	s.checkOwner(what, tokens.IDToken)
	s.note(ctx, what, err)
}

func (s *chaosSession) tokensAtOnce(ctx context.Context, what string) {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			if i == 0 {
				errs[i] = s.c.RenewAccessToken(ctx)
				return
			}
			var tokens cognito.Tokens
			tokens, errs[i] = s.c.Token(ctx)
			s.checkOwner(what, tokens.AccessToken)
		})
	}
	wg.Wait()
	for _, err := range errs {
		s.b.say(err)
	}
	s.note(ctx, what, errors.Join(errs...))
}

// madeUpKey has a token verified that names a key which does not exist, as anyone can.
func (s *chaosSession) madeUpKey(ctx context.Context, what string) {
	raw := s.b.srv.Token(s.name, cognitotest.TokenOptions{KeyID: "made-up"})
	s.b.secret("access token", raw)
	_, err := s.c.VerifyToken(ctx, raw, cognito.AccessToken)
	if err == nil {
		s.errorf("%s: verified", what)
	}
	s.note(ctx, what, err)
}

// transport calls the API, which knows whose token it got. The transport signs in if it must.
func (s *chaosSession) transport(ctx context.Context, what string) {
	before, _ := s.heard()
	client := s.c.HTTPClient(&http.Client{Transport: s.b.network}, s.password, cognito.WithOrigins(s.b.api.URL))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.b.api.URL, nil)
	if err != nil {
		s.errorf("%s: %v", what, err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		s.signedIn(ctx, what, before, err)
		if ctx.Err() != nil {
			// The sign-in may go on, and answer the challenge that a later step takes up. A refresh
			// waits for its end.
			s.note(ctx, what+", afterwards", s.c.RenewAccessToken(context.WithoutCancel(ctx)))
		}
		return
	}
	defer func() { _ = resp.Body.Close() }()
	name, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK && string(name) != s.name {
		s.errorf("%s: the request was %s's", what, name)
	}
	s.note(ctx, what, err)
}

func (s *chaosSession) user(ctx context.Context, what string) {
	u, err := s.c.GetUser(ctx)
	if err == nil && u.Username != s.name {
		s.errorf("%s: got %s", what, u.Username)
	}
	s.note(ctx, what, err)
}

func (s *chaosSession) admin(ctx context.Context, what string) {
	var err error
	switch s.rng.IntN(3) {
	case 0:
		_, err = s.c.AdminUpdateProfile(ctx, s.name, cognito.Attributes{"custom:of": s.name})
	case 1:
		n := 0
		for u, e := range s.c.Users(ctx, cognito.PageSize(3)) {
			if n++; e != nil || n > 7 || u.Username == s.name {
				err = e
				break
			}
		}
	default:
		var u *cognito.User
		if u, err = s.c.AdminGetUser(ctx, s.name); err == nil && u.Username != s.name {
			s.errorf("%s: got %s", what, u.Username)
		}
	}
	s.note(ctx, what, err)
}

// restart goes on as a new process would that has the store, and the device.
func (s *chaosSession) restart(ctx context.Context, what string) {
	if s.store == nil {
		return
	}
	// Tokens of a sign-in that wait for their key are not stored over verified ones, and end with
	// their process.
	if held := s.c.Tokens().RefreshToken; s.waits && held != "" {
		s.mu.Lock()
		s.refresh = held
		s.mu.Unlock()
	}
	device, _ := s.c.Device()
	s.c = s.b.client.ForUser(s.name, append(s.options, cognito.WithDevice(device))...)
	s.token(ctx, what)
}
