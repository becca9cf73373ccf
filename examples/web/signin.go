package main

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gocognito/cognito"
)

// showSignIn is the first page.
func (s *site) showSignIn(w http.ResponseWriter, r *http.Request) {
	if s.sessionID(r) != "" {
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return
	}
	s.show(w, r, http.StatusOK, "sign-in", nil)
}

// signIn takes the name and the password. The password does not leave this server: SRP sends the
// pool only a proof of it.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	f := flow{Typed: field(r, "username")}
	s.keep(w, r, f)
	if !filled(r) {
		s.fail(w, r, "/", blank)
		return
	}
	at := s.attempt(r, f.Typed, f.Typed)
	err := at.Authenticate(r.Context(), r.PostFormValue("password"), cognito.UserContextDataFromRequest(r))
	s.goOn(w, r, at, f, "/", err)
}

// signInWithPasskey asks for one of the user's passkeys. The pool asks a user without a passkey for
// another factor.
func (s *site) signInWithPasskey(w http.ResponseWriter, r *http.Request) {
	f := flow{Typed: field(r, "username")}
	s.keep(w, r, f)
	if f.Typed == "" {
		s.fail(w, r, "/", problem("Please enter your name."))
		return
	}
	at := s.attempt(r, f.Typed, f.Typed)
	first := cognito.FirstFactor{Preferred: cognito.ChallengeWebAuthn}
	err := at.AuthenticateChoice(r.Context(), first, cognito.UserContextDataFromRequest(r))
	s.goOn(w, r, at, f, "/", err)
}

// showChallenge shows what the pool asks for.
func (s *site) showChallenge(w http.ResponseWriter, r *http.Request) {
	f := s.flow(r)
	if f.Challenge == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	var app *appSetUp
	if f.Secret != "" {
		var err error
		if app, err = newAppSetUp(f.Secret, f.Challenge.Username); err != nil {
			s.fail(w, r, "/", err)
			return
		}
	}
	s.show(w, r, http.StatusOK, "challenge", struct {
		cognito.Challenge

		App *appSetUp
	}{*f.Challenge, app})
}

// answerChallenge takes the answer to a challenge. The challenge and the user come from the cookie,
// which the browser cannot change.
func (s *site) answerChallenge(w http.ResponseWriter, r *http.Request) {
	f := s.flow(r)
	if f.Challenge == nil {
		s.fail(w, r, "/", tooLate)
		return
	}
	if !filled(r) {
		s.fail(w, r, "/challenge", blank)
		return
	}
	at := s.attempt(r, "", f.Typed, cognito.WithChallenge(*f.Challenge))
	if f.Challenge.Name == cognito.ChallengeMFASetup &&
		r.PostFormValue("choice") == string(cognito.ChallengeSoftwareTokenMFA) {
		s.setUpApp(w, r, at, f)
		return
	}
	s.goOn(w, r, at, f, "/challenge", s.respond(r, at, f))
}

// respond answers the challenge with the values of the form.
func (s *site) respond(r *http.Request, at *cognito.Cognito, f flow) error {
	ctx, user, code := r.Context(), cognito.UserContextDataFromRequest(r), field(r, "code")
	choice := cognito.ChallengeName(field(r, "choice"))
	switch f.Challenge.Name {
	case cognito.ChallengeSMSMFA:
		return at.RespondToSMSMFAChallenge(ctx, code, user)
	case cognito.ChallengeSoftwareTokenMFA:
		return at.RespondToSoftwareTokenMFAChallenge(ctx, code, user)
	case cognito.ChallengeEmailOTP:
		return at.RespondToEmailOTPChallenge(ctx, code, user)
	case cognito.ChallengeSMSOTP:
		return at.RespondToSMSOTPChallenge(ctx, code, user)
	case cognito.ChallengeSelectMFAType:
		return at.SelectMFAType(ctx, choice, user)
	case cognito.ChallengeSelectChallenge:
		if password := r.PostFormValue("password"); password != "" {
			return at.SelectChallenge(ctx, choice, cognito.Password(password), user)
		}
		return at.SelectChallenge(ctx, choice, user)
	case cognito.ChallengeWebAuthn:
		return at.RespondToWebAuthnChallenge(ctx, []byte(r.PostFormValue("credential")), user)
	case cognito.ChallengeMFASetup:
		if f.Secret != "" {
			return at.VerifySoftwareToken(ctx, code, "", user)
		}
		return at.SetupEmailMFA(ctx, field(r, "email"), user)
	case cognito.ChallengeNewPasswordRequired:
		attrs := cognito.Attributes{}
		for _, name := range f.Challenge.RequiredAttributes() {
			attrs[name] = field(r, "attribute."+name)
		}
		return at.RespondToNewPasswordChallenge(ctx, r.PostFormValue("password"), attrs, user)
	default:
		return errors.New("challenge " + string(f.Challenge.Name) + ": not supported by this example")
	}
}

// goOn redirects the browser after a step of a sign-in that returned err. It leads to the account,
// to the next challenge, or with a problem to the page at back.
func (s *site) goOn(w http.ResponseWriter, r *http.Request, at *cognito.Cognito, f flow, back string, err error) {
	if at.DeviceError() != nil {
		s.sealer.drop(w, deviceCookie) // the pool no longer knows this browser
	}
	var challenge *cognito.ChallengeError
	switch {
	case err == nil:
		s.signedIn(w, r, at, f.Typed)
	case errors.As(err, &challenge):
		s.challenged(w, r, at, flow{Typed: f.Typed, Challenge: &challenge.Challenge})
	case errors.Is(err, cognito.ErrSessionExpired), errors.Is(err, cognito.ErrNoChallenge),
		errors.Is(err, cognito.ErrDeviceRefused):
		s.keep(w, r, flow{Typed: f.Typed})
		s.fail(w, r, "/", tooLate)
	case errors.Is(err, cognito.ErrUserNotConfirmed):
		s.keep(w, r, flow{Typed: f.Typed})
		s.fail(w, r, "/confirm", err)
	case errors.Is(err, cognito.ErrPasswordResetRequired):
		s.keep(w, r, flow{Typed: f.Typed})
		s.fail(w, r, "/forgot", err)
	case errors.Is(err, cognito.ErrInvalidCredentials), errors.Is(err, cognito.ErrTooManyAttempts):
		s.keep(w, r, flow{Typed: f.Typed}) // the challenge has ended, too
		s.fail(w, r, "/", err)
	case errors.Is(err, cognito.ErrKeysUnavailable), errors.Is(err, cognito.ErrUnknownKey):
		s.revoke(r.Context(), at) // the user has signed in, but the tokens cannot be verified now
		s.keep(w, r, flow{Typed: f.Typed})
		s.fail(w, r, "/", err)
	default:
		if pending, ok := at.Challenge(); ok && f.Challenge != nil {
			f.Challenge = &pending // its session may have changed
			s.keep(w, r, f)
		}
		s.fail(w, r, back, err)
	}
}

// challenged sends the browser to the page of the challenge.
func (s *site) challenged(w http.ResponseWriter, r *http.Request, at *cognito.Cognito, f flow) {
	if f.Challenge.Name == cognito.ChallengeMFASetup &&
		!slices.Contains(f.Challenge.Options(), cognito.ChallengeEmailOTP) {
		s.setUpApp(w, r, at, f) // there is no choice
		return
	}
	s.keep(w, r, f)
	http.Redirect(w, r, "/challenge", http.StatusSeeOther)
}

// setUpApp asks the pool for the secret of an authenticator app. The page that shows the secret does
// not ask for it, because each reload would change it.
func (s *site) setUpApp(w http.ResponseWriter, r *http.Request, at *cognito.Cognito, f flow) {
	token, err := at.AssociateSoftwareToken(r.Context())
	if err != nil {
		s.goOn(w, r, at, f, "/", err)
		return
	}
	pending, _ := at.Challenge() // the secret came with a new session
	f.Secret, f.Challenge = token.Secret, &pending
	s.keep(w, r, f)
	http.Redirect(w, r, "/challenge", http.StatusSeeOther)
}
