package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const (
	username = "bob"
	password = "Correct-Horse-1"
	email    = "bob@example.com"
)

// tellStory runs the whole story against a pool in this process.
func tellStory(ctx context.Context, out io.Writer) error {
	_ = os.Unsetenv("COGNITO_JWKS") // the keys of another pool would be taken for this one's
	srv := cognitotest.NewServer(cognitotest.Config{AutoVerifiedAttributes: []string{"email"}})
	defer srv.Close()
	t := &teller{out: out}
	t.say("A user pool in this process", "%s at %s", srv.UserPoolID, srv.URL)

	pool, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		return err
	}

	registration, err := pool.Register(ctx, username, password, cognito.Attributes{"email": email})
	if err != nil {
		return err
	}
	t.say("Register", "%s is user %s; a code went to %s",
		username, registration.UserSub, registration.Delivery.Destination)

	code := srv.Code(username) // a real pool mails it
	if err := pool.ConfirmSignUp(ctx, username, code); err != nil {
		return err
	}
	t.say("Confirm", "with the code %s from the mail", code)

	before := len(srv.Requests())
	bob := pool.ForUser(username)
	if err := bob.Authenticate(ctx, password); err != nil {
		return err
	}
	t.say("Sign in by SRP", "the password was proven, not sent: %s", calls(srv.Requests()[before:]))

	id, access := bob.IDClaims(), bob.AccessClaims()
	t.say("Verified claims", "%s <%s>, sub %s, scope %s, until %s",
		id.Username, id.Email, id.Subject, access.Scope, access.ExpiresAt.Format(time.TimeOnly))

	srv.Advance(2 * time.Hour)
	expired, err := bob.CheckToken(ctx, false)
	if err != nil {
		return err
	}
	if err := bob.RenewAccessToken(ctx); err != nil {
		return err
	}
	t.say("Refresh", "two hours later (expired: %t) a new access token, until %s",
		expired, bob.AccessClaims().ExpiresAt.Format(time.TimeOnly))

	err = pool.ForUser(username).Authenticate(ctx, "wrong-Horse-2")
	if !errors.Is(err, cognito.ErrInvalidCredentials) {
		return fmt.Errorf("a wrong password: want %w, got %w", cognito.ErrInvalidCredentials, err)
	}
	t.say("A wrong password", "%v", err)

	if err := t.useMFA(ctx, srv, bob); err != nil {
		return err
	}

	if err := bob.Logout(ctx); err != nil {
		return err
	}
	t.say("Sign out", "signed in: %t", bob.Tokens().AccessToken != "")
	return nil
}

// useMFA sets up an authenticator app for bob, who is signed in, and signs in again with it.
func (t *teller) useMFA(ctx context.Context, srv *cognitotest.Server, bob *cognito.Cognito) error {
	// A real program shows the secret's URI as a QR code.
	if _, err := bob.AssociateSoftwareToken(ctx); err != nil {
		return err
	}
	if err := bob.VerifySoftwareToken(ctx, srv.TOTP(username), "phone"); err != nil {
		return err
	}
	if err := bob.SetUserMFAPreference(ctx, cognito.MFAPreference{SoftwareToken: cognito.MFAPreferred}); err != nil {
		return err
	}
	t.say("An authenticator app", "is set up, and the pool asks for its code from now on")

	srv.Advance(30 * time.Second) // each code is good once
	err := bob.Authenticate(ctx, password)
	if !errors.Is(err, cognito.ErrSoftwareTokenMFARequired) {
		return fmt.Errorf("a sign-in with MFA: want %w, got %w", cognito.ErrSoftwareTokenMFARequired, err)
	}
	t.say("A challenge", "%v", err)

	code := srv.TOTP(username) // a real user reads it from the app
	if err := bob.RespondToSoftwareTokenMFAChallenge(ctx, code); err != nil {
		return err
	}
	t.say("Answer it", "with the code %s; signed in: %t", code, bob.Tokens().AccessToken != "")
	return nil
}

// calls lists what was called.
func calls(requests []cognitotest.Request) string {
	var ops []string
	for _, r := range requests {
		ops = append(ops, r.Op)
	}
	slices.Sort(ops) // the key set is fetched beside the others, so the order of arrival varies
	return strings.Join(ops, ", ")
}

// teller numbers the steps.
type teller struct {
	out  io.Writer
	step int
}

func (t *teller) say(title, format string, args ...any) {
	t.step++
	_, _ = fmt.Fprintf(t.out, "%2d. %-28s %s\n", t.step, title, fmt.Sprintf(format, args...))
}
