package cognito

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// AuthEvent is a sign-in, a sign-up or a change of a password that the pool's threat protection recorded.
type AuthEvent struct {
	// ID names the event, for feedback.
	ID string
	// Type is SignIn, SignUp, ForgotPassword, PasswordChange or ResendCode.
	Type types.EventType
	// Response is Pass, Fail or InProgress.
	Response types.EventResponseType
	// Created is when it happened.
	Created time.Time
	// RiskDecision is what threat protection did: NoRisk, AccountTakeover or Block. RiskLevel is Low, Medium or High; ""
	// when there was no risk. CompromisedCredentials says that the password is known to have leaked.
	RiskDecision           types.RiskDecisionType
	RiskLevel              types.RiskLevelType
	CompromisedCredentials bool
	// Challenges are what the user was asked for, and whether it was answered well; nil when the event does not say.
	Challenges []types.ChallengeResponseType
	// IPAddress, City, Country, Timezone and DeviceName are where the user was and with what; "" when that is not known.
	// They are as good as the [UserContextData] or [ContextData] of the call that the event is about.
	IPAddress, City, Country, Timezone, DeviceName string
	// Feedback is the feedback about the event; nil if there is none.
	Feedback *AuthEventFeedback
}

// AuthEventFeedback is feedback on whether the user caused an event.
type AuthEventFeedback struct {
	// Value is [FeedbackValid] or [FeedbackInvalid].
	Value types.FeedbackValueType
	// Provider is who gave the feedback, for example "Admin".
	Provider string
	// Date is when it was given.
	Date time.Time
}

// The values of feedback: the user caused the event, or somebody else did.
const (
	FeedbackValid   = types.FeedbackValueTypeValid
	FeedbackInvalid = types.FeedbackValueTypeInvalid
)

func newAuthEvent(e types.AuthEventType) (*AuthEvent, error) {
	event := &AuthEvent{
		ID: aws.ToString(e.EventId), Type: e.EventType, Response: e.EventResponse, Created: aws.ToTime(e.CreationDate),
	}
	if len(e.ChallengeResponses) > 0 {
		event.Challenges = e.ChallengeResponses
	}
	if risk := e.EventRisk; risk != nil {
		event.RiskDecision, event.RiskLevel = risk.RiskDecision, risk.RiskLevel
		event.CompromisedCredentials = aws.ToBool(risk.CompromisedCredentialsDetected)
	}
	if c := e.EventContextData; c != nil {
		event.IPAddress, event.City, event.Country = aws.ToString(c.IpAddress), aws.ToString(c.City), aws.ToString(c.Country)
		event.Timezone, event.DeviceName = aws.ToString(c.Timezone), aws.ToString(c.DeviceName)
	}
	if f := e.EventFeedback; f != nil {
		event.Feedback = &AuthEventFeedback{Value: f.FeedbackValue, Provider: aws.ToString(f.Provider), Date: aws.ToTime(f.FeedbackDate)}
	}
	return event, nil
}

// AdminListUserAuthEvents ranges over the sign-ins and the like of the user username, as [Cognito.Users] does over users.
// It takes the options [Limit] and [PageSize]. Common errors: [ErrUserNotFound], and [ErrFeatureUnavailable] for a pool
// without threat protection, which needs the Plus plan.
//
// It calls AdminListUserAuthEvents for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminListUserAuthEvents(ctx context.Context, username string, opts ...CallOption) iter.Seq2[*AuthEvent, error] {
	return wrapErrors("AdminListUserAuthEvents", c.adminListUserAuthEvents(ctx, username, opts))
}

func (c *Cognito) adminListUserAuthEvents(ctx context.Context, username string, opts []CallOption) iter.Seq2[*AuthEvent, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*AuthEvent](err)
	}
	if username == "" {
		return failed[*AuthEvent](errNoUsername)
	}
	return mapped(pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[types.AuthEventType], error) {
		out, err := c.shared().sdk.AdminListUserAuthEvents(ctx, &cognitoidentityprovider.AdminListUserAuthEventsInput{
			UserPoolId: aws.String(c.shared().id), Username: aws.String(username), NextToken: token, MaxResults: size,
		})
		if err != nil {
			return page[types.AuthEventType]{}, err
		}
		return page[types.AuthEventType]{out.AuthEvents, out.NextToken}, nil
	}), newAuthEvent)
}

// AdminUpdateAuthEventFeedback tells threat protection whether the event eventID was caused by the user username
// ([FeedbackValid]) or by somebody else ([FeedbackInvalid]). Common errors: [ErrUserNotFound], and [ErrFeatureUnavailable]
// for a pool without threat protection.
//
// It calls AdminUpdateAuthEventFeedback, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminUpdateAuthEventFeedback(ctx context.Context, username, eventID string, value types.FeedbackValueType) error {
	if err := checkFeedback(eventID, value); err != nil {
		return wrapError("AdminUpdateAuthEventFeedback", err)
	}
	return c.adminCall("AdminUpdateAuthEventFeedback", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminUpdateAuthEventFeedback(ctx, &cognitoidentityprovider.AdminUpdateAuthEventFeedbackInput{
			UserPoolId: poolID, Username: username, EventId: aws.String(eventID), FeedbackValue: value,
		})
		return err
	})
}

// UpdateAuthEventFeedback is [Cognito.AdminUpdateAuthEventFeedback] for the page behind the links of the messages that
// threat protection sends to users. username, eventID and feedbackToken are from the link; the user need not be signed in.
//
// It calls UpdateAuthEventFeedback, which needs no AWS credentials.
func (c *Cognito) UpdateAuthEventFeedback(ctx context.Context, username, eventID, feedbackToken string, value types.FeedbackValueType) error {
	err := checkFeedback(eventID, value)
	if err == nil && feedbackToken == "" {
		err = fieldError("feedback token", "want the token of the message to the user, got none")
	}
	if err != nil {
		return wrapError("UpdateAuthEventFeedback", err)
	}
	return c.adminCall("UpdateAuthEventFeedback", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.UpdateAuthEventFeedback(ctx, &cognitoidentityprovider.UpdateAuthEventFeedbackInput{
			UserPoolId: poolID, Username: username, EventId: aws.String(eventID),
			FeedbackToken: aws.String(feedbackToken), FeedbackValue: value,
		})
		return err
	})
}

func checkFeedback(eventID string, value types.FeedbackValueType) error {
	switch {
	case eventID == "":
		return fieldError("event ID", "want the ID of an event, got none")
	case value != FeedbackValid && value != FeedbackInvalid:
		return fieldError("feedback", "want FeedbackValid or FeedbackInvalid, got "+quote(string(value)))
	default:
		return nil
	}
}
