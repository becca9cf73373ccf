package cognitotest

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
)

// Triggers are functions that the pool calls instead of Lambda functions. A nil function is not
// configured. If a function returns an error, the call fails with UserLambdaValidationException and
// the error's text. A function runs while the server is locked: it must not call the server.
// [Config.TriggerURLs] sets triggers that are not written in Go.
//
// DescribeUserPool shows an ARN for each of them. A pool that CreateUserPool adds calls those whose
// ARNs are in its LambdaConfig, and UpdateUserPool removes those that are not in it.
type Triggers struct {
	// PreSignUp runs before SignUp or AdminCreateUser adds a user.
	PreSignUp func(*PreSignUpEvent) error
	// PostConfirmation runs after ConfirmSignUp, AdminConfirmSignUp and ConfirmForgotPassword, and
	// after a sign-up that PreSignUp confirmed.
	PostConfirmation func(*TriggerEvent) error
	// PreAuthentication runs before the first factor is checked.
	PreAuthentication func(*TriggerEvent) error
	// PostAuthentication runs once all factors are proven, before tokens are issued.
	PostAuthentication func(*TriggerEvent) error
	// DefineAuthChallenge decides what comes next after each round of CUSTOM_AUTH.
	DefineAuthChallenge func(*DefineAuthChallengeEvent) error
	// CreateAuthChallenge creates a custom challenge.
	CreateAuthChallenge func(*CreateAuthChallengeEvent) error
	// VerifyAuthChallenge checks the answer to a custom challenge.
	VerifyAuthChallenge func(*VerifyAuthChallengeEvent) error
	// PreTokenGeneration changes the claims of new tokens.
	PreTokenGeneration func(*PreTokenGenerationEvent) error
	// UserMigration looks up a user whom the pool does not have, in flows that send the password and
	// for ForgotPassword.
	UserMigration func(*UserMigrationEvent) error
	// CustomMessage sets the text of a message before it is delivered: a code, or the invitation of
	// AdminCreateUser.
	CustomMessage func(*CustomMessageEvent) error
}

// TriggerEvent is the part of the event that all triggers get. Printed or logged, it and the events
// that embed it show only the source and the user.
type TriggerEvent struct {
	// Source is the event's triggerSource, such as "PreSignUp_SignUp".
	Source string
	// UserPoolID and ClientID are the pool and the app client of the request. If an administrator's
	// request names no app client, ClientID is "CLIENT_ID_NOT_APPLICABLE".
	UserPoolID, ClientID string
	// Username is the internal username. If the user does not exist, it is the name in the request.
	Username string
	// Attributes is a copy of the user's attributes, or nil if the user does not exist.
	Attributes map[string]string
	// ClientMetadata is the ClientMetadata of the request.
	ClientMetadata map[string]string
	// UserNotFound reports that the user does not exist and that the client must not notice.
	UserNotFound bool
}

// PreSignUpEvent is the event of PreSignUp. The function may set the fields after ValidationData.
type PreSignUpEvent struct {
	TriggerEvent

	// ValidationData is the ValidationData of the request.
	ValidationData map[string]string

	// As with the service, the members below do nothing in AdminCreateUser.

	// AutoConfirmUser confirms the user without a code.
	AutoConfirmUser bool
	// AutoVerifyEmail and AutoVerifyPhone mark an address as verified.
	AutoVerifyEmail, AutoVerifyPhone bool
}

// ChallengeResult is a round of a custom sign-in. Printed or logged, it shows no metadata, where
// functions often keep the code that they sent.
type ChallengeResult struct {
	// Name is "SRP_A", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE" or an MFA challenge.
	Name string
	// Passed reports whether the answer was correct.
	Passed bool
	// Metadata is the metadata that CreateAuthChallenge set, if it is a custom challenge.
	Metadata string
}

// Format prints the round's name and outcome, for every verb.
func (r ChallengeResult) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "ChallengeResult{%s %t}", r.Name, r.Passed)
}

// LogValue returns the round's name and outcome.
func (r ChallengeResult) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// DefineAuthChallengeEvent is the event of DefineAuthChallenge. The function sets one of the fields
// after Session.
type DefineAuthChallengeEvent struct {
	TriggerEvent

	// Session holds the rounds so far.
	Session []ChallengeResult

	// ChallengeName starts another round: "CUSTOM_CHALLENGE", after "SRP_A" "PASSWORD_VERIFIER", or
	// an MFA challenge.
	ChallengeName string
	// IssueTokens completes the sign-in.
	IssueTokens bool
	// FailAuthentication rejects the sign-in with "Incorrect username or password."
	FailAuthentication bool
}

// CreateAuthChallengeEvent is the event of CreateAuthChallenge. The function may set the fields
// after Session.
type CreateAuthChallengeEvent struct {
	TriggerEvent

	// ChallengeName is the challenge that DefineAuthChallenge selected.
	ChallengeName string
	// Session holds the rounds so far.
	Session []ChallengeResult

	// PublicParameters are sent to the client.
	PublicParameters map[string]string
	// PrivateParameters are passed to VerifyAuthChallenge.
	PrivateParameters map[string]string
	// Metadata is recorded in the round's [ChallengeResult].
	Metadata string
}

// VerifyAuthChallengeEvent is the event of VerifyAuthChallenge. The function may set Correct.
type VerifyAuthChallengeEvent struct {
	TriggerEvent

	// PrivateParameters are the PrivateParameters that CreateAuthChallenge set.
	PrivateParameters map[string]string
	// Answer is the client's ANSWER.
	Answer string

	// Correct reports that the answer is correct.
	Correct bool
}

// PreTokenGenerationEvent is the event of PreTokenGeneration. The function may set all fields
// except TriggerEvent.
type PreTokenGenerationEvent struct {
	TriggerEvent

	// Groups are the user's groups. The function may change them; the result goes into the tokens.
	Groups []string

	// ID and Access are the changes to the claims of the two tokens.
	ID, Access ClaimChanges

	scope string // of the access token
}

// ClaimChanges are changes to the claims of a token. Claims that identify the token and its pool,
// such as iss, sub, aud and exp, cannot be changed.
type ClaimChanges struct {
	// Set are claims to add, or to replace.
	Set map[string]any
	// Remove are names of claims to leave out.
	Remove []string
}

// UserMigrationEvent is the event of UserMigration. The function may set the fields after Password.
type UserMigrationEvent struct {
	TriggerEvent

	// Password is the password that the client sent. It is "" if the user has forgotten it: Source is
	// then "UserMigration_ForgotPassword".
	Password string

	// Found adds the user to the pool, with the password if there is one.
	Found bool
	// NewAttributes are the new user's attributes.
	NewAttributes map[string]string
	// Status is the new user's status: "CONFIRMED" or "RESET_REQUIRED", which makes the user choose
	// a new password. The default is "RESET_REQUIRED".
	Status string
}

// CustomMessageEvent is the event of CustomMessage. The function may set SMSMessage, EmailMessage
// and EmailSubject.
type CustomMessageEvent struct {
	TriggerEvent

	// CodeParameter is the placeholder for the code, or the temporary password, in a message.
	CodeParameter string
	// UsernameParameter is the placeholder for the username in an invitation. It is "" in other
	// messages.
	UsernameParameter string

	// SMSMessage is the text of an SMS. EmailMessage and EmailSubject are the text and the subject
	// of an e-mail. [Message] has the results.
	SMSMessage, EmailMessage, EmailSubject string
}

// Format prints the event's source and user, for every verb.
func (e TriggerEvent) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "TriggerEvent{"+e.Source+" "+e.Username+"}")
}

// LogValue returns the event's source and user.
func (e TriggerEvent) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(e)) }

// noClientID is the client ID in events for requests that name no app client.
const noClientID = "CLIENT_ID_NOT_APPLICABLE"

// event returns an event about u, which is nil if the user does not exist.
func (p *pool) event(source string, c *Client, u *user, name string, metadata map[string]string) TriggerEvent {
	e := TriggerEvent{
		Source: source, UserPoolID: p.cfg.UserPoolID, ClientID: noClientID, Username: name,
		ClientMetadata: maps.Clone(metadata), UserNotFound: u == nil,
	}
	if c != nil {
		e.ClientID = c.ID
	}
	if u != nil {
		e.Username, e.Attributes = u.username, maps.Clone(u.attributes)
		e.Attributes[attrSub] = u.sub
		e.Attributes["cognito:user_status"] = u.status
	}
	return e
}
