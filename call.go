package cognito

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// ClientMetadata is passed on to the pool's Lambda functions. The service does not store it; do not put secrets
// into it.
type ClientMetadata map[string]string

// Flow chooses the authentication flow of a sign-in.
type Flow types.AuthFlowType

// ValidationData is passed on to the pool's pre-sign-up Lambda function. The service does not store it.
type ValidationData map[string]string

// The names of the call options, for the check that a call does not silently ignore one.
const (
	optFlow              = "Flow"
	optClientMetadata    = "ClientMetadata"
	optUserContextData   = "UserContextData"
	optContextData       = "ContextData"
	optValidationData    = "ValidationData"
	optAttributeMap      = "AttributeMap"
	optLimit             = "Limit"
	optPageSize          = "PageSize"
	optFilter            = "Filter"
	optSelectAttributes  = "SelectAttributes"
	optTemporaryPassword = "TemporaryPassword"
	optMessageAction     = "MessageAction"
	optDeliveryMediums   = "DeliveryMediums"
	optForceAlias        = "ForceAliasCreation"
)

// callOptions collects the options of one call; given holds their names, and errs what is wrong with them.
type callOptions struct {
	flow           types.AuthFlowType
	metadata       map[string]string
	userContext    *types.UserContextDataType
	context        *types.ContextDataType
	validationData []types.AttributeType
	password       string
	attributes     attributeNames
	list           listOptions
	create         createOptions
	forceAlias     bool

	given []string
	errs  []error
}

// callOption is an option that is not a type of its own.
type callOption func(*callOptions)

func (o callOption) applyCall(target *callOptions) { o(target) }

func (o *callOptions) refuse(option, problem string) {
	o.errs = append(o.errs, fieldError("option "+option, problem))
}

func (f Flow) applyCall(o *callOptions) {
	o.flow = types.AuthFlowType(f)
	o.given = append(o.given, optFlow)
}

func (m ClientMetadata) applyCall(o *callOptions) {
	o.metadata = maps.Clone(map[string]string(m))
	o.given = append(o.given, optClientMetadata)
}

func (d ValidationData) applyCall(o *callOptions) {
	o.validationData = Attributes(d).list()
	o.given = append(o.given, optValidationData)
}

// newCallOptions applies opts and refuses those that are not among taken, and those that are wrong.
func newCallOptions(opts []CallOption, taken ...string) (callOptions, error) {
	var o callOptions
	for _, opt := range opts {
		if opt != nil {
			opt.applyCall(&o)
		}
	}
	for _, name := range o.given {
		if !slices.Contains(taken, name) {
			return callOptions{}, fieldError("option "+name, fmt.Sprintf("this call takes only %v", taken))
		}
	}
	if len(o.errs) > 0 {
		return callOptions{}, errors.Join(o.errs...)
	}
	return o, nil
}

// optional is nil for "", which the service would otherwise validate as a value.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
