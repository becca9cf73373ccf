package cognito

// signUp is a sign-up under way: what leads from Register over ConfirmSignUp to a sign-in without another code.
type signUp struct {
	username  string
	session   string // good once, for a while; "": there is none
	confirmed bool
}

// signedUp remembers the session's last sign-up.
func (s *session) signedUp(up signUp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if up.session == "" && s.signUp.username != up.username {
		return // of a user whose sign-up was another session's: nothing to remember
	}
	s.signUp = up
}

// signUpOf returns the session of the sign-up of username that waits to be confirmed; "" when there is none.
func (s *session) signUpOf(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signUp.username != username || s.signUp.confirmed {
		return ""
	}
	return s.signUp.session
}

// takeSignUp returns the session of the confirmed sign-up of username, once; "" when there is none.
func (s *session) takeSignUp(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signUp.username != username || !s.signUp.confirmed {
		return ""
	}
	session := s.signUp.session
	s.signUp.session = ""
	return session
}
