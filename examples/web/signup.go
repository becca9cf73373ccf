package main

import (
	"errors"
	"net/http"

	"github.com/gocognito/cognito"
)

func (s *site) showSignUp(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "sign-up", nil)
}

// signUp creates an account. The pool sends a code to its address.
func (s *site) signUp(w http.ResponseWriter, r *http.Request) {
	f := flow{Typed: field(r, "username"), Email: field(r, "email")}
	s.keep(w, r, f)
	if !filled(r) {
		s.fail(w, r, "/sign-up", blank)
		return
	}
	at := s.attempt(r, f.Typed, f.Typed)
	registration, err := at.Register(r.Context(), f.Typed, r.PostFormValue("password"),
		cognito.Attributes{"email": f.Email}, cognito.UserContextDataFromRequest(r))
	if err != nil {
		s.fail(w, r, "/sign-up", err)
		return
	}
	f.Registration = registration
	s.keep(w, r, f)
	switch {
	case registration.Confirmed: // the pool asks for no code
		s.say(w, r, "/", "Welcome! Please sign in.")
	case registration.Delivery != nil:
		s.say(w, r, "/confirm", "A code was sent to "+registration.Delivery.Destination+".")
	default:
		http.Redirect(w, r, "/confirm", http.StatusSeeOther)
	}
}

func (s *site) showConfirm(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "confirm", nil)
}

// confirm takes the code of a sign-up. A user who signed up in this browser is then signed in
// without typing the password again, if the app client allows USER_AUTH.
func (s *site) confirm(w http.ResponseWriter, r *http.Request) {
	f := s.flow(r)
	f.Typed = field(r, "username")
	s.keep(w, r, f)
	if !filled(r) {
		s.fail(w, r, "/confirm", blank)
		return
	}
	var opts []cognito.SessionOption
	follow := f.Registration != nil && f.Registration.Username == f.Typed && f.Registration.Session != ""
	if follow {
		opts = append(opts, cognito.WithRegistration(*f.Registration))
	}
	at := s.attempt(r, f.Typed, f.Typed, opts...)
	err := at.ConfirmSignUp(r.Context(), f.Typed, r.PostFormValue("code"), cognito.UserContextDataFromRequest(r))
	switch {
	case errors.Is(err, cognito.ErrUserConfirmed), err == nil && !follow:
		s.say(w, r, "/", "Your account is confirmed. Please sign in.")
	case err != nil:
		s.fail(w, r, "/confirm", err)
	default:
		err := at.AuthenticateChoice(r.Context(), cognito.FirstFactor{}, cognito.UserContextDataFromRequest(r))
		s.goOn(w, r, at, flow{Typed: f.Typed}, "/", err)
	}
}

// resend sends another code. The response is the same if the user does not exist or is already
// confirmed.
func (s *site) resend(w http.ResponseWriter, r *http.Request) {
	f := s.flow(r)
	f.Typed = field(r, "username")
	s.keep(w, r, f)
	if f.Typed == "" {
		s.fail(w, r, "/confirm", problem("Please enter your name."))
		return
	}
	_, err := s.pool.ForUser(f.Typed).ResendConfirmationCode(r.Context(), f.Typed, cognito.UserContextDataFromRequest(r))
	if err != nil && !private(err) {
		s.fail(w, r, "/confirm", err)
		return
	}
	s.say(w, r, "/confirm", "Another code was sent. Older ones are void. "+
		"If none comes, the account may be confirmed already.")
}

// private reports whether err discloses something about an account. Even an app client that hides
// which users exist returns such errors for existing users.
func private(err error) bool {
	reasons := []error{
		cognito.ErrUserNotFound, cognito.ErrUserConfirmed, cognito.ErrUserDisabled,
		cognito.ErrPasswordResetNotAllowed,
	}
	for _, reason := range reasons {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

func (s *site) showForgot(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "forgot", nil)
}

// forgot sends a code to a user who has forgotten the password. The response is the same if the
// user does not exist or cannot be reached.
func (s *site) forgot(w http.ResponseWriter, r *http.Request) {
	f := flow{Typed: field(r, "username")}
	s.keep(w, r, f)
	if !filled(r) {
		s.fail(w, r, "/forgot", blank)
		return
	}
	_, err := s.pool.ForUser(f.Typed).InitiateForgotPassword(r.Context(), cognito.UserContextDataFromRequest(r))
	if err != nil && !private(err) {
		s.fail(w, r, "/forgot", err)
		return
	}
	s.say(w, r, "/reset", "If there is such an account with a verified address, a code was sent there.")
}

func (s *site) showReset(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "reset", nil)
}

// reset takes the code and the new password. It does not sign the user in.
func (s *site) reset(w http.ResponseWriter, r *http.Request) {
	f := flow{Typed: field(r, "username")}
	s.keep(w, r, f)
	if !filled(r) {
		s.fail(w, r, "/reset", blank)
		return
	}
	err := s.pool.ForUser(f.Typed).ConfirmForgotPassword(r.Context(), r.PostFormValue("code"), r.PostFormValue("password"),
		cognito.UserContextDataFromRequest(r))
	switch {
	case errors.Is(err, cognito.ErrUserNotFound):
		s.fail(w, r, "/reset", cognito.ErrCodeMismatch)
	case err != nil:
		s.fail(w, r, "/reset", err)
	default:
		s.say(w, r, "/", "The password is changed. Please sign in.")
	}
}
